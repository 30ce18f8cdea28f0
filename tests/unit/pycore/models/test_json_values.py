import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.models.data_types import AnyType, ArrayType, DataType
from pycore.models.json_values import ValueFault, column_from_values

NAN = float("nan")


@pytest.mark.parametrize(
    ("value_type", "values", "kind", "read"),
    [
        ("double", [1, 2.5, True, None, "5.1", " 1e-3 ", "NA"], "double",
         [1.0, 2.5, 1.0, None, 5.1, 0.001, None]),
        ("double", ["inf", "-Infinity"], "double", [float("inf"), float("-inf")]),
        ("double", [2**53 + 1], "double", [float(2**53)]),
        ("float", [0.1], "double", [0.1]),
        ("integer", [1, True, None, "1", 1.0, "1e3", NAN, "NA"], "integer",
         [1, 1, None, 1, 1, 1000, None, None]),
        ("integer", [-(2**31), 2**31 - 1], "integer", [-(2**31), 2**31 - 1]),
        ("long", [-(2**63), 2**63 - 1], "long", [-(2**63), 2**63 - 1]),
        ("boolean", [True, 0, 1.0, "true", "FALSE", "T", "0", None], "logical",
         [True, False, True, True, False, True, False, None]),
        ("string", ["a", None, NAN, 1, 1.5, True], "text", ["a", None, None, "1", "1.5", "true"]),
        ("string", ["NA"], "text", ["NA"]),
        ("binary", ["YWI=", "YWI=\n", None], "text", ["YWI=", "YWI=\n", None]),
        ("datetime", ["2024-01-02T03:04:05Z", "2024-01-02 03:04", "2024-01-02", None, NAN], "datetime",
         ["2024-01-02T03:04:05Z", "2024-01-02T03:04:00Z", "2024-01-02T00:00:00Z", None, None]),
        ("datetime", ["2024-01-02T03:04:05.123456789+02:00", "2024-01-02T03:04:05,5-0130"], "datetime",
         ["2024-01-02T01:04:05.123456Z", "2024-01-02T04:34:05.5Z"]),
    ],
)  # fmt: skip
def test_values_become_their_declared_type(value_type, values, kind, read):
    column = column_from_values(values, DataType(value_type))
    assert column.kind == kind
    assert column.to_list() == read


def test_nanoseconds_of_a_time_are_kept():
    column = column_from_values(["2024-01-02T03:04:05.123456789Z"], DataType.datetime)
    assert column.data.tolist() == [1_704_164_645_123_456_789]


@pytest.mark.parametrize("value_type", [member.value for member in DataType])
def test_no_rows_and_missing_rows_have_the_declared_type_too(value_type):
    full = column_from_values([None, None], DataType(value_type))
    assert full.to_list() == [None, None]
    assert column_from_values([], DataType(value_type)).kind == full.kind


@pytest.mark.parametrize(
    ("value_type", "values", "message"),
    [
        ("double", [1.0, "abc"], "row 2: expected a number, got 'abc'"),
        ("double", [""], "row 1: expected a number, got ''"),
        ("double", ["1_000"], "expected a number"),
        ("double", [[1]], "row 1: expected a single value, got \\[1\\]"),
        ("double", [1, 10**400], "row 2: expected a number in the range of a double"),
        ("integer", [1, 1.5], "row 2: expected an integer, got 1.5"),
        ("integer", ["1.5"], "expected an integer, got '1.5'"),
        ("integer", [2**31], "expected an integer of 32 bits, got 2147483648"),
        ("integer", [0, -(2**31) - 1], "row 2: expected an integer of 32 bits"),
        ("long", [2**63], "expected an integer of 64 bits"),
        ("long", ["9" * 5000], "expected an integer"),
        ("long", [float("inf")], "expected an integer, got inf"),
        ("boolean", ["yes"], "expected true or false, got 'yes'"),
        ("boolean", [""], "expected true or false, got ''"),
        ("boolean", [2], "expected true or false, got 2"),
        ("string", [{}], "expected a single value"),
        ("binary", ["é"], "expected bytes as Base64"),
        ("binary", ["YWI"], "expected bytes as Base64"),
        ("binary", [5], "expected bytes as Base64"),
        ("datetime", [5], "expected an ISO 8601 date or time"),
        ("datetime", ["01/02/2024"], "expected an ISO 8601 date or time"),
        ("datetime", ["2024-01-01", "2024-02-30"], "row 2: expected a date and time that exist"),
        ("datetime", ["2024-01-01T25:00:00"], "expected a date and time that exist"),
        ("datetime", ["1600-01-01"], "expected a year from 1678 to 2261"),
    ],
)
def test_a_value_that_does_not_fit_is_named(value_type, values, message):
    with pytest.raises(ValueFault, match=message):
        column_from_values(values, DataType(value_type))


@pytest.mark.parametrize(
    ("values", "kind", "read"),
    [
        ([1, None], "integer", [1, None]),
        ([1, 2**31], "long", [1, 2**31]),
        ([2**63], "double", [float(2**63)]),
        ([1, 2.5], "double", [1.0, 2.5]),
        ([True, 2], "double", [1.0, 2.0]),
        ([True, None], "logical", [True, None]),
        (["a", None, NAN], "text", ["a", None, None]),
        (["1"], "text", ["1"]),
        ([None, None], "double", [None, None]),
        ([], "double", []),
    ],
)
@pytest.mark.parametrize("value_type", [None, AnyType()])
def test_without_a_declared_type_the_values_tell(values, kind, read, value_type):
    column = column_from_values(values, value_type)
    assert (column.kind, column.to_list()) == (kind, read)


def test_texts_do_not_mix_with_other_values():
    with pytest.raises(ValueFault, match="row 3: expected a text, as other rows of the column have, got 1"):
        column_from_values([None, "a", 1])


def test_values_of_composed_types_travel_as_json():
    column = column_from_values([[1, 2.5], None, []], ArrayType(DataType.double))
    assert column.to_list() == ["[1,2.5]", None, "[]"]
    with pytest.raises(ValueFault, match=r"row 1: expected a value of the type .*array"):
        column_from_values([["x"]], ArrayType(DataType.double))


@given(st.lists(st.floats() | st.integers(-(2**70), 2**70) | st.booleans() | st.none()))
def test_numbers_become_doubles_bit_by_bit(values):
    column = column_from_values(values, DataType.double)
    expected = np.array([NAN if value is None else float(value) for value in values])
    assert column.data.tobytes() == expected.tobytes()
    masked = [False] * len(values) if column.missing is None else column.missing.tolist()
    assert masked == [value is None for value in values]


@given(st.lists(st.text() | st.none()))
def test_texts_come_out_as_they_went_in(values):
    assert column_from_values(values, DataType.string).to_list() == values


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()))
def test_integers_come_out_as_they_went_in(values):
    assert column_from_values(values, DataType.long).to_list() == values
