from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_travel import travelled

from pycore.errors import InvalidInput
from pycore.wire.encoding import dumps, loads, next_page_token, number_to_json, page_to_json, without_absent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, b'"NaN"'),
        (math.inf, b'"Infinity"'),
        (-math.inf, b'"-Infinity"'),
        (1, b"1.0"),
        (0.1, b"0.1"),
    ],
)
def test_a_double_is_a_number_or_a_text_for_what_json_lacks(value, text):
    assert dumps(number_to_json(value)) == text


@given(st.floats())
def test_every_double_there_and_back(value):
    back = float(travelled(number_to_json(value)))
    assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize("value", [2**64, "\ud800", object()])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(InvalidInput, match="cannot be sent as JSON"):
        dumps({"step": value})


@pytest.mark.parametrize("text", [b"", b"{", b"nan", b"[NaN", b"\xff", b'{"a": NaN} x'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(InvalidInput, match="not JSON"):
        loads(text)


def test_absent_fields_are_left_out_and_empty_texts_are_not():
    fields = {"none": None, "list": [], "tuple": (), "text": "", "zero": 0, "false": False, "object": {}}
    assert without_absent(fields) == {"text": "", "zero": 0, "false": False, "object": {}}


def test_pages():
    assert page_to_json("runs", [], None) == {}
    assert page_to_json("runs", [{"a": 1}], "t") == {"runs": [{"a": 1}], "next_page_token": "t"}
    assert next_page_token({"next_page_token": "t"}) == "t"
    assert next_page_token({"next_page_token": ""}) is None
    assert next_page_token({}) is None
