"""Replies are valid JSON of one shape, and numbers read back to the same bits."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import blocks, columns

from pycore.models.columns import Array, Column, Json, Table
from pycore.scoring.reply import predictions, render


def strictly(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def doubles(*values):
    return Column("double", np.array(values, "<f8"))


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (doubles(1, 2.5), "[1.0, 2.5]"),
        (doubles(1 / 3), "[0.3333333333333333]"),
        (doubles(1e20, 1e-7, 1e5, 1e16, 0.1), "[1e+20, 1e-7, 100000.0, 1e+16, 0.1]"),
        (doubles(math.nan, math.inf, -math.inf, -0.0), "[null, null, null, -0.0]"),
        (Column("double", np.array([1.0, 2.0]), np.array([False, True])), "[1.0, null]"),
        (Column("integer", np.array([1, 2], "<i4"), np.array([True, False])), "[null, 2]"),
        (Column("long", np.array([2**62], "<i8")), "[4611686018427387904]"),
        (Column("logical", np.array([True, False])), "[true, false]"),
        (Column.of_texts(["é", None]), '["\\u00e9", null]'),
        (Column.of_texts(["a", None], "factor", ["a"]), '["a", null]'),
        (Column("date", np.array([19724], "<i4")), '["2024-01-02"]'),
        (Array(np.array([[1, 2], [3, 4]])), "[[1, 2], [3, 4]]"),
        (Array(np.array([0.1], "<f4")), "[0.10000000149011612]"),
        (Array(np.array([[1.5, math.nan]])), "[[1.5, null]]"),
        (Array(np.array([math.inf], "<f4")), "[null]"),
        (
            Table({"setosa": doubles(1, 0), "virginica": doubles(0, math.nan)}, 2),
            '[{"setosa": 1.0, "virginica": 0.0}, {"setosa": 0.0, "virginica": null}]',
        ),
        (Table({}, 2), "[{}, {}]"),
        (Table({"a": doubles()}, 0), "[]"),
        (Json('{"a": [1]}'), '{"a": [1]}'),
    ],
)
def test_texts(result, text):
    assert render(result) == text.encode()
    assert predictions(result) == f'{{"predictions": {text}}}'.encode()


@given(columns(kinds=("double",)))
def test_doubles_keep_their_bits(column):
    read = strictly(render(column))
    missing = np.zeros(column.n_rows, bool) if column.missing is None else column.missing
    for got, value, absent in zip(read, column.data.tolist(), missing.tolist(), strict=True):
        if absent or not math.isfinite(value):
            assert got is None
        else:
            assert got.hex() == value.hex()


@given(blocks().filter(lambda block: not isinstance(block, Json)), st.data())
def test_one_element_per_row_however_many_rows(block, data):
    rows = strictly(render(block))
    assert len(rows) == block.n_rows
    if rows:
        at = data.draw(st.integers(0, block.n_rows - 1))
        assert strictly(render(block.rows(at, at + 1))) == [rows[at]]
