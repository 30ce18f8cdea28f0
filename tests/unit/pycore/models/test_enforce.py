import logging

import numpy as np
import pytest

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.enforce import array_from_lists, enforce_params, table_from_columns
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec

ABC = Schema([ColSpec("double", "a"), ColSpec("long", "b"), ColSpec("string", "c", required=False)])


def test_columns_are_put_into_the_order_of_the_schema_and_others_dropped():
    table = table_from_columns({"zz": [0], "c": ["x"], "b": [1], "a": [2]}, ABC)
    assert list(table.columns) == ["a", "b", "c"]
    assert table.records() == [{"a": 2.0, "b": 1, "c": "x"}]


def test_an_optional_column_may_be_absent():
    assert list(table_from_columns({"a": [1], "b": [1]}, ABC).columns) == ["a", "b"]


def test_null_is_missing_in_a_required_column_too():
    assert table_from_columns({"a": [None], "b": [None]}, ABC).records() == [{"a": None, "b": None}]


def test_every_fault_of_a_request_is_in_one_message():
    with pytest.raises(SignatureMismatch) as caught:
        table_from_columns({"a": [1.0, "x"], "c": [[1], "y"], "zz": [1, 2]}, ABC)
    assert caught.value.message == (
        "The rows do not fit the model's signature: missing column 'b' (besides the signature: 'zz'); "
        "column 'a', row 2: expected a number, got 'x'; column 'c', row 1: expected a single value, got [1]."
    )


def test_columns_without_schema_keep_their_order_and_tell_their_kinds():
    table = table_from_columns({"b": [1, 2], "a": ["x", None]}, None)
    assert [(name, column.kind) for name, column in table.columns.items()] == [
        ("b", "integer"),
        ("a", "text"),
    ]


def test_faults_without_schema_are_no_mismatch():
    with pytest.raises(InvalidInput, match="The rows cannot be read: column 'a', row 2") as caught:
        table_from_columns({"a": ["x", 1]}, None)
    assert not isinstance(caught.value, SignatureMismatch)


@pytest.mark.parametrize("schema", [ABC, None])
def test_columns_of_unequal_length_are_refused(schema):
    with pytest.raises(InvalidInput, match="The columns differ in length \\('a': 1, 'b': 2\\)"):
        table_from_columns({"a": [1], "b": [1, 2]}, schema)


def test_columns_without_names_go_by_position():
    schema = Schema([ColSpec("double"), ColSpec("string")])
    assert table_from_columns({"p": [1], "q": ["x"]}, schema).records() == [{"0": 1.0, "1": "x"}]
    with pytest.raises(SignatureMismatch, match="missing column '1'"):
        table_from_columns({"0": [1]}, schema)


def test_columns_named_by_integers_are_found_by_their_text():
    assert table_from_columns({"0": [1]}, Schema([ColSpec("double", 0)])).records() == [{"0": 1.0}]


def test_a_table_may_have_rows_and_no_columns():
    optional = Schema([ColSpec("double", "a", required=False)])
    assert table_from_columns({}, optional, n_rows=3).n_rows == 3
    assert table_from_columns({"zz": [1, 2]}, optional).n_rows == 2


def test_a_model_of_arrays_refuses_columns():
    with pytest.raises(SignatureMismatch, match="send them under 'inputs'"):
        table_from_columns({"a": [1]}, Schema([TensorSpec("float64", (-1, 1))]))


@pytest.mark.parametrize(
    ("values", "spec", "dtype", "read"),
    [
        ([[1, 2], [3, 4]], None, "int64", [[1, 2], [3, 4]]),
        ([[1, None]], None, "float64", [[1.0, None]]),
        ([True, False], None, "bool", [True, False]),
        (5, None, "int64", [5]),
        ([["1", "2"]], ("int64", (-1, 2)), "int64", [[1, 2]]),
        ([[1, 2.0]], ("int32", (-1, 2)), "int32", [[1, 2]]),
        ([[1, None]], ("float32", (-1, 2)), "float32", [[1.0, None]]),
        ([0, 1], ("bool", (-1,)), "bool", [False, True]),
        ([[[1]]], ("float64", (-1, 1, 1)), "float64", [[[1.0]]]),
    ],
)
def test_lists_become_arrays(values, spec, dtype, read):
    array = array_from_lists(values, spec and TensorSpec(*spec)).data
    assert array.dtype == dtype
    expected = (
        np.array(read, dtype=float) if None in np.ravel(np.array(read, dtype=object)) else np.array(read)
    )
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("values", "spec", "message"),
    [
        ([[1], [2, 3]], None, "rows of equal length"),
        (["a"], None, "holds numbers, truths and nulls"),
        ({"a": 1}, None, "holds numbers, truths and nulls"),
        ([[1.5]], ("int64", (-1, 1)), r"an array of int64; 1.5 at \[0, 0\] is none"),
        ([[300]], ("uint8", (-1, 1)), "an array of uint8; 300"),
        ([[None]], ("int64", (-1, 1)), "an array of int64; nan"),
        ([1, 2], ("float64", (-1, 2)), r"shape \(-1, 2\), not \(2,\)"),
        ([[1, 2, 3]], ("float64", (-1, 2)), r"shape \(-1, 2\), not \(1, 3\)"),
        ([1], ("str", (-1,)), "an array of str"),
    ],
)
def test_lists_that_are_no_such_array_are_refused(values, spec, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        array_from_lists(values, spec and TensorSpec(*spec))
    assert isinstance(caught.value, SignatureMismatch) == (spec is not None)


PARAMS = ParamSchema(
    [ParamSpec("k", "double", 0.5), ParamSpec("n", "integer", 3), ParamSpec("s", "string", "x")]
)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, {"k": 0.5, "n": 3, "s": "x"}),
        ({}, {"k": 0.5, "n": 3, "s": "x"}),
        ({"k": 2, "s": "y"}, {"k": 2.0, "n": 3, "s": "y"}),
        ({"n": None}, {"k": 0.5, "n": None, "s": "x"}),
    ],
)
def test_params_are_read_in_their_types_and_filled_in(given, read):
    assert enforce_params(given, PARAMS) == read


def test_unknown_params_are_dropped_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        assert enforce_params({"k": 1, "other": 1}, PARAMS)["k"] == 1.0
        assert enforce_params({"k": 1}, None) == {}
        assert enforce_params({}, None) == {}
    assert [record.getMessage() for record in caplog.records] == [
        "the model knows no params other; ignored them",
        "the model's signature has no params; ignored what was given",
    ]


def test_every_wrong_param_is_in_one_message():
    with pytest.raises(InvalidInput) as caught:
        enforce_params({"k": "1", "n": 2**40, "s": 3}, PARAMS)
    assert caught.value.message == (
        "param 'k' takes a number, not '1'; param 'n' takes an integer of 32 bits, not 1099511627776; "
        "param 's' takes a text, not 3"
    )
    with pytest.raises(InvalidInput, match="params must be an object"):
        enforce_params([1], PARAMS)
