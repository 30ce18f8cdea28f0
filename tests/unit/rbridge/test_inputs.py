"""Columns made what the model was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pycore.errors import SignatureMismatch
from pycore.models.columns import Column, Table
from rbridge.inputs import InputTypes
from rbridge.section import CrateSection

DAY = 86_400_000_000_000


def shaped(column: Column, **keys: object) -> Column:
    section = CrateSection(Path("crate.bin"), **keys)
    return InputTypes(section).apply(Table({"c": column}, column.n_rows)).columns["c"]


def test_text_becomes_factor_with_all_levels():
    column = shaped(Column.of_texts(["b", None, "b"]), input_levels={"c": ["a", "b", "z"]})
    assert (column.kind, column.levels, column.data.tolist()) == ("factor", ("a", "b", "z"), [1, -1, 1])


def test_ordered():
    column = shaped(Column.of_texts(["hi"]), input_levels={"c": ["lo", "hi"]}, input_types={"c": "ordered"})
    assert (column.kind, column.data.tolist()) == ("ordered", [1])


def test_factor_with_other_levels_is_recoded():
    category = Column("factor", np.array([0, 1, -1], "<i4"), levels=("z", "a"))
    column = shaped(category, input_levels={"c": ["a", "b", "z"]})
    assert column.data.tolist() == [2, 0, -1]


def test_level_that_no_row_uses_may_be_unknown():
    category = Column("factor", np.array([1], "<i4"), levels=("unknown", "a"))
    assert shaped(category, input_levels={"c": ["a"]}).data.tolist() == [0]


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        (Column("integer", np.array([4, 8], "<i4")), ["8", "4"]),
        (Column("double", np.array([4.0, 8.0])), ["8", "4"]),
        (Column("double", np.array([0.5, 0.1])), ["0.1", "0.5"]),
        (Column("logical", np.array([True, False])), ["FALSE", "TRUE"]),
    ],
)
def test_levels_are_named_as_r_names_them(column, levels):
    assert shaped(column, input_levels={"c": levels}).data.tolist() == [1, 0]


def test_unknown_level_names_column_value_and_levels():
    with pytest.raises(SignatureMismatch, match="column 'c': 'z', 'y' is none of the levels 'a', 'b'"):
        shaped(Column.of_texts(["z", "a", "y"]), input_levels={"c": ["a", "b"]})


@pytest.mark.parametrize(
    "column",
    [
        Column.of_texts(["2024-01-31", None, "2024-01-31T23:59:59Z"]),
        Column("date", np.array([19_753, 0, 19_753], "<i4"), np.array([False, True, False])),
        Column("datetime", np.array([19_753 * DAY, 0, 19_754 * DAY - 1]), np.array([False, True, False])),
    ],
)
def test_date(column):
    made = shaped(column, input_types={"c": "Date"})
    assert made.kind == "date"
    assert made.to_list() == ["2024-01-31", None, "2024-01-31"]


@pytest.mark.parametrize(
    "column",
    [
        Column.of_texts(["1970-01-02", None]),
        Column("date", np.array([1, 0], "<i4"), np.array([False, True])),
        Column("datetime", np.array([DAY, 0]), np.array([False, True])),
    ],
)
def test_time(column):
    made = shaped(column, input_types={"c": "POSIXct"})
    assert made.kind == "datetime"
    assert made.to_list() == ["1970-01-02T00:00:00Z", None]


@pytest.mark.parametrize(
    "column",
    [
        Column.of_texts(["2024-01-01T05:00:00Z"]),
        Column("datetime", np.array([19_723 * DAY + 5 * DAY // 24]), zone="UTC"),
    ],
)
def test_time_is_shown_in_the_zone_the_model_was_trained_in(column):
    made = shaped(column, input_types={"c": "POSIXct"}, input_zones={"c": "America/New_York"})
    assert made.zone == "America/New_York"
    assert made.to_list() == ["2024-01-01T05:00:00Z"]


@pytest.mark.parametrize("kind", ["Date", "POSIXct"])
def test_numbers_are_no_dates(kind):
    with pytest.raises(SignatureMismatch, match=r"column 'c': expected .* got values of kind double"):
        shaped(Column("double", np.array([1.0])), input_types={"c": kind})


def test_columns_not_spoken_of_stay_and_absent_ones_are_no_fault():
    column = Column("double", np.array([1.0]))
    assert shaped(column, input_levels={"other": ["a"]}, input_types={"another": "Date"}) is column
