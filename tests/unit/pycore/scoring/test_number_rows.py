"""The quick reader of numbers reads what the general reader reads, or nothing."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.models.data_types import DataType
from pycore.models.enforce import table_from_columns
from pycore.models.schema import ColSpec, Schema
from pycore.scoring import number_rows
from pycore.scoring.number_rows import columns_from_csv, columns_from_rows, columns_from_split
from pycore.scoring.payload import read_payload

NUMBERS = Schema([ColSpec("double", "a"), ColSpec("float", "b")])

cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.sampled_from([None, True, "x", "1.5", [], [1.5], {}, -0.0, 1e308]),
)
rows = st.lists(st.lists(cells, min_size=2, max_size=2) | st.lists(cells, max_size=3), max_size=4)


@pytest.fixture(autouse=True, scope="module")
def whatever_the_size():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_rows, "LEAST_BYTES", 0)
        yield


def split(data, names=("a", "b"), **more):
    return json.dumps({"dataframe_split": {"columns": list(names), "data": data}, **more}).encode()


def read_slowly(body, content_type, schema):
    """Read a body as if there were no quick reader."""
    from pycore.models.signature import ModelSignature

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_rows, "LEAST_BYTES", len(body) + 1)
        patch.setattr(number_rows, "_FEW_ROWS", 0)
        return read_payload(body, content_type, ModelSignature(schema) if schema else None).data


def check_equal(quick, slow):
    assert list(quick) == list(slow.columns)
    for name, column in slow.columns.items():
        assert (column.kind, column.missing) == ("double", None)
        assert quick[name].data.tobytes() == column.data.tobytes()


@given(rows, st.sampled_from([None, NUMBERS]))
def test_json_is_read_alike_or_left_alone(data, schema):
    body = split(data)
    quick = columns_from_split(body, schema)
    if quick is not None:
        check_equal(table_from_columns(quick, schema).columns, read_slowly(body, None, schema))


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=4), st.sampled_from([None, NUMBERS]))
def test_a_few_rows_are_read_alike_or_left_alone(data, schema):
    quick = columns_from_rows(["a", "b"], data, schema)
    assert (quick is not None) == (data != [] and all(type(cell) is float for row in data for cell in row))
    if quick is not None:
        check_equal(table_from_columns(quick, schema).columns, read_slowly(split(data), None, schema))


def test_a_few_rows_of_a_model_that_takes_other_things_are_left_alone():
    schema = Schema([ColSpec("double", "a"), ColSpec("long", "b")])
    assert columns_from_rows(["a", "b"], [[1.5, 2.0]], schema) is None
    assert columns_from_rows(["a", 1], [[1.5, 2.0]], None) is None
    assert columns_from_rows(["a", "a"], [[1.5, 2.0]], None) is None
    assert columns_from_rows([], [[], []], None) is None


@given(st.text("0123456789.-+eEnaif,[]\"' \r\n", max_size=40), st.sampled_from([None, NUMBERS]))
def test_csv_is_read_alike_or_left_alone(lines, schema):
    body = f"a,b\n{lines}".encode()
    quick = columns_from_csv(body, schema)
    if quick is not None:
        slow = read_slowly(body, "text/csv", schema)
        check_equal(table_from_columns(quick, schema).columns, slow)


def test_rows_of_numbers_are_read():
    quick = columns_from_split(split([[1.5, -2], [3, 1e-300]]), None)
    assert quick is not None
    assert [quick[name].data.tolist() for name in "ab"] == [[1.5, 3.0], [-2.0, 1e-300]]
    quick = columns_from_csv(b"a,b\r\n1.5,-2.5\r\n3,1e-300\r\n\n", None)
    assert quick is not None
    assert [quick[name].data.tolist() for name in "ab"] == [[1.5, 3.0], [-2.5, 1e-300]]


def test_whole_numbers_are_read_only_where_the_signature_says_double():
    body = split([[1, 2.5]])
    assert columns_from_split(body, None) is None
    assert columns_from_split(body, Schema([ColSpec(DataType.long, "a"), ColSpec("double", "b")])) is None
    quick = columns_from_split(body, NUMBERS)
    assert quick is not None
    np.testing.assert_array_equal(quick["a"].data, [1.0])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"3",
        b"[1.5]",
        b'{"dataframe_split": 3}',
        split([[1.5, 2.5]], params={"x": 1}),
        split([[1.5, 2.5]], names=("a", "a")),
        split([[1.5, 2.5]], names=(0, 1)),
        split([[1.5, 2.5]], names=("a", "[b")),
        split([[[1.5, 2.5], []]]),
        split([[1.5, 2.5], [3.5]]),
        split([[1.5, 2.5], 3.5]),
        split([]),
        b'{"dataframe_split": {"columns": ["a"], "data": [[1.5]], "data": [[2.5]]}}',
        b'{"dataframe_split": {"columns": ["a"], "data": [[1.5]], "index": [0]}}',
        b'{"dataframe_split": {"columns": ["a"], "data": [[1.5]',
        b'{"dataframe_split": {"columns": ["a"], "data": [[NaN]]}}',
    ],
)
def test_all_else_is_left_to_the_general_reader(body):
    assert columns_from_split(body, None) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"a,b", b'"a",b\n1.5,2.5', b",b\n1.5,2.5", b"a,a\n1.5,2.5", b"\xff,b\n1.5,2.5", b"a,b\n1.5,NA"],
)
def test_unusual_csv_is_left_to_the_general_reader(body):
    assert columns_from_csv(body, None) is None


def test_a_cell_cannot_pass_for_the_end_of_a_row():
    assert columns_from_csv(b"a,b\n1.5,2.5],[3.5,4.5", None) is None
    with pytest.raises(InvalidInput, match="Row 1 has 4 cells"):
        read_payload(b"a,b\n1.5,2.5],[3.5,4.5", "text/csv", None)
