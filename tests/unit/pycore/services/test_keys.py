"""Keys and names: what is legal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.services import keys


@pytest.mark.parametrize(
    "key", ["a", "a/b", "a b", "a.b-c_d:e", "..a"[2:], "é", "随机", "1", "a" * 250, "a\u00a0b"]
)
def test_legal_keys(key):
    keys.check_key(key, "metric")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "Missing value for required parameter 'key'"),
        (None, "Missing value for required parameter 'key'"),
        (7, "is a text"),
        ("a" * 251, "exceeds the maximum length of 250"),
        ("a,b", "may only contain"),
        ("a\nb", "may only contain"),
        ("a\x85b", "may only contain"),
        ("a@b", "may only contain"),
        ("/a", "relative paths"),
        ("a/", "relative paths"),
        ("a//b", "relative paths"),
        ("a/../b", "relative paths"),
        ("../a", "relative paths"),
        ("..", "relative paths"),
        (".", "relative paths"),
    ],
)
def test_illegal_keys(key, says):
    with pytest.raises(InvalidInput, match=says):
        keys.check_key(key, "metric")


def test_the_message_names_the_thing():
    with pytest.raises(InvalidInput, match="Invalid param name: 'a,b'"):
        keys.check_key("a,b", "param")


@given(st.text(max_size=12))
def test_a_legal_key_stays_below_its_folder(key):
    try:
        keys.check_key(key, "metric")
    except InvalidInput:
        return
    parts = key.split("/")
    assert not {"", ".", ".."} & set(parts)


@pytest.mark.parametrize("value", [None, 7, b"x"])
def test_values_are_texts(value):
    with pytest.raises(InvalidInput, match="expected a text"):
        keys.check_value(value, "tag")


@pytest.mark.parametrize("name", ["a", "a b", "@#%'\"", "é", "1", "n" * 256])
def test_legal_model_names(name):
    keys.check_model_name(name)
