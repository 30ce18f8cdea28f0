import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from strategies import tables

from pycore.errors import InvalidInput
from pycore.models.columns import DTYPES, Array, Column, Json, Table
from pycore.models.pandas_blocks import (
    block_from_python,
    column_from_series,
    frame_from_table,
    python_from_block,
)

DAY = dt.date(2024, 1, 2)

SERIES = [
    (pd.Series([1.5, np.nan]), "double", "float64"),
    (pd.Series([0.1, 2], dtype="float32"), "double", "float64"),
    (pd.Series([1, None], dtype="Float64"), "double", "float64"),
    (pd.Series([1, 2], dtype="int8"), "integer", "int32"),
    (pd.Series([1, 2], dtype="uint16"), "integer", "int32"),
    (pd.Series([1, 2], dtype="int64"), "long", "int64"),
    (pd.Series([1, 2], dtype="uint32"), "long", "int64"),
    (pd.Series([1, None], dtype="Int32"), "integer", "Int32"),
    (pd.Series([1, None], dtype="Int64"), "long", "Int64"),
    (pd.Series([True, False]), "logical", "bool"),
    (pd.Series([True, None], dtype="boolean"), "logical", "boolean"),
    (pd.Series(["a", None], dtype="string"), "text", None),
    (pd.Series(["é", None], dtype=object), "text", None),
    (pd.Series(pd.Categorical(["u", None], ["v", "u"])), "factor", "category"),
    (pd.Series(pd.Categorical(["u", "v"], ["v", "u"], ordered=True)), "ordered", "category"),
    (pd.Series([DAY, None], dtype=object), "date", "object"),
    (pd.Series(pd.to_datetime(["2024-01-02T03:04:05.123456789", None])), "datetime", "datetime64[ns]"),
    (
        pd.Series(pd.to_datetime(["2024-07-02", None]).tz_localize("Europe/Paris").as_unit("ns")),
        "datetime",
        "datetime64[ns, Europe/Paris]",
    ),
]


@pytest.mark.parametrize(("series", "kind", "dtype"), SERIES, ids=lambda part: str(part)[-30:])
def test_a_pandas_column_goes_there_and_back(series, kind, dtype):
    column = column_from_series(series)
    assert column.kind == kind
    back = frame_from_table(Table({"a": column}, len(series)))["a"]
    if dtype is not None:
        assert str(back.dtype) == dtype
    pd.testing.assert_series_equal(back, series, check_names=False, check_dtype=False, check_exact=True)
    assert back.isna().tolist() == series.isna().tolist()


@pytest.mark.parametrize(
    ("values", "kind", "read"),
    [
        ([True, None], "logical", [True, None]),
        ([1, None], "long", [1, None]),
        ([1, 2.5], "double", [1.0, 2.5]),
        ([Decimal("1.5"), None], "double", [1.5, None]),
        ([None, None], "double", [None, None]),
        ([b"ab", None], "text", ["YWI=", None]),
        ([dt.datetime(2024, 1, 2), None], "datetime", ["2024-01-02T00:00:00Z", None]),
        ([DAY, None], "date", ["2024-01-02", None]),
    ],
)
def test_objects_of_one_type_have_its_kind(values, kind, read):
    column = column_from_series(pd.Series(values, dtype=object))
    assert (column.kind, column.to_list()) == (kind, read)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (pd.Series([1, "x"], dtype=object), "Column 'a' holds objects of several types"),
        (pd.Series([[1], [2]]), "Column 'a' holds objects of several types"),
        (pd.Series([2**70, 1], dtype=object), "Column 'a' has integers of more than 64 bits"),
        (pd.Series([2**63], dtype="uint64"), "Column 'a' has integers of 2\\*\\*63 and above"),
        (pd.Series(pd.to_timedelta([1])), r"Column 'a' has the type timedelta64\[ns\]"),
        (pd.Series([1j]), "Column 'a' has the type complex128"),
        (
            pd.Series(np.array(["1600-01-01"], "M8[s]")),
            "Column 'a' has a time outside of the years 1678 to 2261",
        ),
    ],
)
def test_a_column_nobody_can_carry_is_named(series, message):
    with pytest.raises(InvalidInput, match=message):
        block_from_python(pd.DataFrame({"a": series}))


@pytest.mark.parametrize(
    ("data", "records"),
    [
        ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ({"a": 1.5, "b": "x"}, [{"a": 1.5, "b": "x"}]),
        ({"a": np.array([1.5])}, [{"a": 1.5}]),
        ([{"a": 1.5, "b": "x"}, {"a": 2.5}], [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": None}]),
        (pd.DataFrame([[1, 2]]), [{"0": 1, "1": 2}]),
    ],
)
def test_what_has_column_names_becomes_a_table(data, records):
    assert block_from_python(data).records() == records


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (np.arange(3), [0, 1, 2]),
        (np.eye(2), [[1, 0], [0, 1]]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (np.array(1.5), [1.5]),
        (sparse.csr_matrix([[0, 1]]), [[0, 1]]),
    ],
)
def test_numbers_without_names_become_an_array(data, values):
    block = block_from_python(data)
    assert isinstance(block, Array)
    assert block.data.tolist() == values


@pytest.mark.parametrize(
    ("data", "kind", "values"),
    [
        (pd.Series([1.5], name="q"), "double", [1.5]),
        (["a", None], "text", ["a", None]),
        ([1, 2], "long", [1, 2]),
        ([], "double", []),
        ("a", "text", ["a"]),
        (5, "long", [5]),
        (np.array(["x"]), "text", ["x"]),
        (np.array(["2024-01-02"], "M8[D]"), "datetime", ["2024-01-02T00:00:00Z"]),
    ],
)
def test_single_values_become_a_column(data, kind, values):
    block = block_from_python(data)
    assert isinstance(block, Column)
    assert (block.kind, block.to_list()) == (kind, values)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1], [2, 3]], "The rows differ in length"),
        ({"a": [1], "b": [1, 2]}, "The columns differ in length"),
        (np.array([[1, "x"]], dtype=object), "give a DataFrame"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "The columns 'a' occur more than once"),
    ],
)
def test_data_without_a_shape_are_refused(data, message):
    with pytest.raises(InvalidInput, match=message):
        block_from_python(data)


def test_results_come_back_as_numpy_where_it_holds_them_whole():
    missing = np.array([False, True])
    double = python_from_block(Column("double", np.array([0.1, 2.0]), missing))
    np.testing.assert_array_equal(double, [0.1, np.nan])
    assert python_from_block(Column.of_texts(["a", None])).tolist() == ["a", None]
    days = python_from_block(Column("date", np.array([19_724, 0], "<i4"), missing))
    assert days.dtype == "M8[D]"
    assert np.isnat(days).tolist() == [False, True]
    assert python_from_block(Array(np.arange(2))).tolist() == [0, 1]
    assert python_from_block(Json('{"a": [1, null]}')) == {"a": [1, None]}
    assert isinstance(python_from_block(Table({}, 2)), pd.DataFrame)


def test_results_that_numpy_cannot_hold_come_back_as_pandas_arrays():
    missing = np.array([False, True])
    assert python_from_block(Column("integer", np.array([1, 0], "<i4"), missing)).tolist() == [1, pd.NA]
    assert python_from_block(Column("logical", np.array([True, False]), missing)).tolist() == [True, pd.NA]
    factor = python_from_block(Column.of_texts(["b", None], "factor", ["a", "b"]))
    assert factor.categories.tolist() == ["a", "b"]


def test_a_table_of_rows_alone_keeps_their_number():
    assert len(frame_from_table(Table({}, 3))) == 3


@given(st.lists(st.floats(allow_nan=True) | st.none(), max_size=20))
def test_doubles_keep_their_bits(values):
    data = np.array([0.0 if value is None else value for value in values])
    table = Table({"a": Column("double", data)}, len(values))
    again = block_from_python(frame_from_table(table)).columns["a"]
    assert again.data.tobytes() == data.tobytes()


@given(tables(kinds=tuple(kind for kind in DTYPES if kind != "double")))
def test_tables_survive_the_way_through_a_frame(table):
    again = block_from_python(frame_from_table(table))
    assert again.n_rows == table.n_rows
    assert list(again.columns) == list(table.columns)
    for name, column in table.columns.items():
        back = again.columns[name]
        assert back.to_list() == column.to_list()
        nothing = all(value is None for value in column.to_list())
        if not (nothing and column.kind in ("text", "date")):  # objects of no type
            assert (back.kind, back.zone) == (column.kind, column.zone)
        if column.kind in ("factor", "ordered"):
            assert back.levels == column.levels


def test_frames_of_the_same_names_are_independent():
    table = Table({"a": Column("double", np.array([1.0])), "b": Column("double", np.array([2.0]))}, 1)
    first, second = frame_from_table(table), frame_from_table(table)
    first.columns.name = "inputs"
    first.loc[0, "a"] = 5.0
    first["c"] = 3.0
    pd.testing.assert_frame_equal(second, pd.DataFrame({"a": [1.0], "b": [2.0]}))
    pd.testing.assert_frame_equal(frame_from_table(table), second)
    assert table.columns["a"].data.tolist() == [1.0]
