"""Numbers as two columns."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.store.metric_values import decode, encode


@given(st.floats(allow_nan=False))
def test_numbers_come_back_to_the_bit(value):
    assert struct.pack("d", decode(*encode(value))) == struct.pack("d", value)


def test_nan_comes_back():
    assert math.isnan(decode(*encode(math.nan)))


@given(st.floats())
def test_the_stored_number_is_finite(value):
    assert math.isfinite(encode(value)[0])


@given(st.lists(st.floats(allow_nan=False)))
def test_the_columns_sort_as_the_numbers_do(values):
    assert sorted(values) == [decode(*pair) for pair in sorted(map(encode, values))]


@pytest.mark.parametrize(("value", "rank"), [(math.nan, 0.0), (math.inf, 1.7976931348623157e308)])
def test_what_is_no_number_has_the_rank_of_one(value, rank):
    assert encode(value)[0] == rank
