import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pycore.errors import SignatureMismatch
from pycore.models.data_types import AnyType, ArrayType, DataType, MapType
from pycore.models.enforce_python import enforce_input
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature_inference import infer_schema

AB = Schema([ColSpec("double", "a"), ColSpec("string", "b", required=False)])
ROW = pd.DataFrame({"a": [1.5], "b": ["x"]})


def only(value_type):
    return Schema([ColSpec(value_type, "a")])


@pytest.mark.parametrize(
    "data",
    [
        ROW,
        ROW[["b", "a"]],
        ROW.assign(zz=1),
        {"a": [1.5], "b": ["x"]},
        {"a": 1.5, "b": "x"},
        [{"a": 1.5, "b": "x"}],
        np.array([[1.5, "x"]], dtype=object),
        [[1.5, "x"]],
    ],
    ids=lambda data: type(data).__name__,
)
def test_whatever_makes_the_frame_is_taken(data):
    pd.testing.assert_frame_equal(enforce_input(data, AB), ROW)


def test_an_optional_column_may_be_absent_and_the_index_stays():
    frame = pd.DataFrame({"a": [1.5]}, index=[7])
    pd.testing.assert_frame_equal(enforce_input(frame, AB), frame)
    assert enforce_input(np.array([[1.5]]), AB).columns.tolist() == ["a"]


def test_a_series_or_a_flat_list_is_the_one_column():
    for data in (pd.Series([1.5]), pd.Series([1.5], name="a"), [1.5], np.array([1.5])):
        assert enforce_input(data, only("double")).to_dict("list") == {"a": [1.5]}


def test_a_sparse_matrix_becomes_a_frame():
    schema = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
    assert enforce_input(sparse.csr_matrix([[0, 2]]), schema).to_dict("list") == {"a": [0.0], "b": [2.0]}


def test_without_schema_data_stay_as_they_are():
    data = object()
    assert enforce_input(data, None) is data


def test_columns_without_names_go_by_position():
    schema = Schema([ColSpec("double"), ColSpec("long")])
    frame = pd.DataFrame([[1, 2, 3]], columns=["p", "p", "q"])
    fitted = enforce_input(frame, schema)
    assert fitted.columns.tolist() == ["p", "p"]
    assert fitted.dtypes.tolist() == ["float64", "int64"]
    with pytest.raises(SignatureMismatch, match="2 columns expected, 1 given"):
        enforce_input(pd.DataFrame({"p": [1]}), schema)


@pytest.mark.parametrize(
    ("value_type", "values", "dtype"),
    [
        ("double", [1, 2], "float64"),
        ("double", np.array([1], "float32"), "float64"),
        ("double", pd.array([1, None], dtype="Int64"), "float64"),
        ("double", pd.Series([1, 2.5, None], dtype=object), "float64"),
        ("double", [None], "float64"),
        ("float", np.array([1], "float16"), "float32"),
        ("float", [1], "float32"),
        ("long", np.array([1], "int8"), "int64"),
        ("long", np.array([1], "uint32"), "int64"),
        ("long", pd.array([1, None], dtype="Int64"), "Int64"),
        ("long", pd.Series([1, None], dtype=object), "Int64"),
        ("integer", [1, 2], "int32"),
        ("integer", np.array([1], "int16"), "int32"),
        ("boolean", [True], "bool"),
        ("boolean", pd.Series([True, None], dtype=object), "object"),
        ("string", ["x", None], None),
        ("string", pd.Categorical(["x"]), "category"),
        ("binary", [b"x"], "object"),
        ("datetime", pd.to_datetime(["2024-01-02"]), "datetime64[ns]"),
        ("datetime", [dt.date(2024, 1, 2)], "datetime64[ns]"),
        ("datetime", pd.to_datetime(["2024-01-02T00:00+02:00"]), "datetime64[ns]"),
    ],
)
def test_values_that_lose_nothing_are_converted(value_type, values, dtype):
    fitted = enforce_input(pd.DataFrame({"a": values}), only(value_type))["a"]
    assert dtype is None or str(fitted.dtype) == dtype
    assert fitted.isna().tolist() == pd.Series(values).isna().tolist()


def test_a_time_with_a_zone_becomes_utc():
    frame = pd.DataFrame({"a": pd.to_datetime(["2024-01-02T00:00+02:00"])})
    assert enforce_input(frame, only("datetime"))["a"].tolist() == [pd.Timestamp("2024-01-01T22:00")]


@pytest.mark.parametrize(
    ("value_type", "values", "expected"),
    [
        ("double", ["1.5"], "expected numbers, got"),
        ("double", [True], "expected numbers, got bool"),
        ("float", [1.5], "expected numbers of 32 bits"),
        ("long", [1.0], "expected integers of 64 bits, got float64"),
        ("long", [1.0, np.nan], r"expected integers of 64 bits \(missing ones need the pandas type Int64"),
        ("long", ["1"], "expected integers of 64 bits"),
        ("long", np.array([2**63], "uint64"), "expected integers of 64 bits, got uint64"),
        ("integer", [2**31], "expected integers of 32 bits, got int64"),
        ("boolean", [1], "expected true or false, got int64"),
        ("boolean", ["true"], "expected true or false"),
        ("string", [1], "expected texts, got int64"),
        ("string", pd.Categorical([1]), "expected texts, got category"),
        ("binary", ["x"], "expected bytes"),
        ("datetime", ["2024-01-02"], "expected dates or times"),
        ("datetime", [1], "expected dates or times, got int64"),
        (ArrayType(DataType.double), [1.5], "expected values of the type .*array"),
        (MapType(DataType.double), [[1]], "expected values of the type .*map"),
    ],
)
def test_values_of_another_type_are_refused(value_type, values, expected):
    with pytest.raises(SignatureMismatch, match=f"column 'a': {expected}"):
        enforce_input(pd.DataFrame({"a": values}), only(value_type))


@pytest.mark.parametrize(
    ("value_type", "values"),
    [
        (ArrayType(DataType.double), [[1.5], None]),
        (AnyType(), [1, "x"]),
        (MapType(DataType.long), [{"k": 1}]),
    ],
)
def test_composed_values_pass(value_type, values):
    assert enforce_input(pd.DataFrame({"a": values}, dtype=object), only(value_type))["a"].tolist() == values


def test_every_fault_is_in_one_message():
    schema = Schema(
        [ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("long", "c"), ColSpec("long", "d")]
    )
    frame = pd.DataFrame([["x", 1.5, 1, 1, 0]], columns=["a", "b", "d", "d", "zz"])
    with pytest.raises(SignatureMismatch) as caught:
        enforce_input(frame, schema)
    for part in (
        "missing column 'c' (besides the signature: 'zz')",
        "column 'a': expected numbers",
        "column 'b': expected integers of 64 bits, got float64",
        "column 'd' more than once",
    ):
        assert part in caught.value.message


@pytest.mark.parametrize("data", [np.zeros((1, 3)), np.zeros((1, 1, 1)), 5, [1.5, 2.5]])
def test_rows_of_another_length_are_refused(data):
    schema = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
    with pytest.raises(SignatureMismatch, match="The model takes 2 columns \\('a', 'b'\\)"):
        enforce_input(data, schema)


TENSOR = Schema([TensorSpec("float64", (-1, 2))])


@pytest.mark.parametrize(
    "data",
    [np.zeros((3, 2)), np.zeros((3, 2), "float32"), np.zeros((3, 2), "int32"), [[0.0, 0.0]] * 3,
     pd.DataFrame(np.zeros((3, 2)))],
)  # fmt: skip
def test_arrays_are_widened(data):
    fitted = enforce_input(data, TENSOR)
    assert (fitted.dtype, fitted.tolist()) == (np.float64, [[0.0, 0.0]] * 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((3, 3)), r"the shape \(-1, 2\), not \(3, 3\)"),
        (np.zeros(3), r"the shape \(-1, 2\), not \(3,\)"),
        (np.zeros((1, 2), complex), "an array of float64, not of complex128"),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(data, message):
    with pytest.raises(SignatureMismatch, match=message):
        enforce_input(data, TENSOR)


def test_named_arrays_are_taken_from_a_dict_or_a_frame():
    schema = Schema([TensorSpec("int64", (-1, 2), "x"), TensorSpec("int64", (-1,), "y")])
    for data in ({"x": [[1, 2]], "y": [3], "zz": 1}, pd.DataFrame({"x": [[1, 2]], "y": [3]})):
        fitted = enforce_input(data, schema)
        assert {name: array.tolist() for name, array in fitted.items()} == {"x": [[1, 2]], "y": [3]}
    with pytest.raises(SignatureMismatch, match="missing 'y'"):
        enforce_input({"x": [[1, 2]]}, schema)
    with pytest.raises(SignatureMismatch, match="a dict of arrays 'x', 'y', not a list"):
        enforce_input([1], schema)


def test_a_frame_that_fits_already_is_returned_as_it_is():
    frame = pd.DataFrame({"a": [1.5], "b": [2], "c": [True]})
    schema = infer_schema(frame)
    assert enforce_input(frame, schema) is frame
    # A type whose values must be looked at is no hindrance to the others.
    mixed = frame.assign(d=["x"])
    assert enforce_input(mixed, infer_schema(mixed)) is mixed
    with pytest.raises(SignatureMismatch, match="column 'b': expected integers"):
        enforce_input(frame.astype({"b": "float64"}), schema)
