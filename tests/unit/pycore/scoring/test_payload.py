"""JSON bodies of every form become the same typed data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.columns import Array, Column, Json, Table
from pycore.models.data_types import ArrayType, DataType
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature
from pycore.scoring.payload import read_payload

AB = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("double", "b")]))


def read(body, signature=None):
    return read_payload(json.dumps(body).encode(), "application/json", signature)


def plain(block):
    """What a block holds, in plain values."""
    match block:
        case Table():
            return {name: column.to_list() for name, column in block.columns.items()}
        case Column():
            return block.to_list()
        case Array():
            return block.data.tolist()
        case Json():
            return json.loads(block.text)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_every_form_of_the_same_rows_is_the_same_table(rows):
    records = [{"a": a, "b": b} for a, b in rows]
    columns = {"a": [a for a, _ in rows], "b": [b for _, b in rows]}
    bodies = [
        {"dataframe_split": {"columns": ["a", "b"], "data": rows}},
        {"dataframe_split": {"columns": ["b", "a"], "data": [(b, a) for a, b in rows], "index": [1]}},
        {"dataframe_records": records},
        {"instances": records},
        {"instances": columns},
        {"inputs": records},
        {"inputs": columns},
    ]
    for body in bodies:
        data = read(body, AB).data
        assert list(data.columns) == ["a", "b"]
        assert plain(data) == columns


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"dataframe_split": {"data": [[1, "x"]]}}, {"0": [1], "1": ["x"]}),
        ({"dataframe_records": [{"a": 1}, {"b": 2}]}, {"a": [1, None], "b": [None, 2]}),
        ({"dataframe_records": []}, {}),
        ({"inputs": []}, {}),
        ({"inputs": {"a": 1, "b": "x"}}, {"a": [1], "b": ["x"]}),
        ({"inputs": [[1, 2], [3, 4]]}, [[1, 2], [3, 4]]),
        ({"instances": [[1, None]]}, [[1.0, pytest.approx(float("nan"), nan_ok=True)]]),
        ({"inputs": [5.4, 6]}, [5.4, 6.0]),
        ({"inputs": 3}, [3]),
        ({"inputs": ["a", None]}, ["a", None]),
        ({"inputs": [{"a": 1}, {"a": 2}]}, {"a": [1, 2]}),
        ({"inputs": [{"a": {"b": 1}}]}, [{"a": {"b": 1}}]),
        ({"inputs": {"a": {"b": 1}}}, {"a": {"b": 1}}),
        ({"inputs": [["x", ["y"]]]}, [["x", ["y"]]]),
    ],
)
def test_without_signature_data_pass_as_they_come(body, data):
    assert plain(read(body).data) == data


def test_bare_nan_and_a_byte_order_mark_are_read():
    body = '\ufeff{"inputs": {"a": [NaN, Infinity], "b": [1, null]}}'.encode()
    data = read_payload(body, None, AB).data
    assert plain(data)["a"][1] == float("inf")
    assert plain(data)["b"] == [1.0, None]


def test_of_a_repeated_key_the_last_counts():
    assert plain(read_payload(b'{"inputs": [1], "inputs": [2]}', None, None).data) == [2]


def test_the_only_column_needs_no_name():
    signature = ModelSignature(Schema([ColSpec("string", "text")]))
    assert plain(read({"inputs": ["x", "y"]}, signature).data) == {"text": ["x", "y"]}


def test_columns_without_names_go_by_position():
    signature = ModelSignature(Schema([ColSpec("double"), ColSpec("string")]))
    assert list(plain(read({"inputs": [[1, "x"]]}, signature).data).values()) == [[1.0], ["x"]]


def test_a_frame_for_a_tensor_gives_its_rows():
    signature = ModelSignature(Schema([TensorSpec("float64", (-1, 2))]))
    data = read({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}}, signature).data
    assert data.data.dtype == "float64"
    assert plain(data) == [[1.0, 2.0]]


TENSORS = ModelSignature(Schema([TensorSpec("float32", (-1, 2), "a"), TensorSpec("int64", (-1,), "b")]))


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"a": [[1, 2.5], [3, None]], "b": [1, "2"], "more": [7]}},
        {"instances": {"a": [[1, 2.5], [3, None]], "b": [1.0, 2]}},
        {"instances": [{"a": [1, 2.5], "b": 1}, {"a": [3, None], "b": 2}]},
        {"dataframe_records": [{"a": [1, 2.5], "b": 1}, {"a": [3, None], "b": 2}]},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[[1, 2.5], 1], [[3, None], 2]]}},
    ],
)
def test_named_arrays_of_any_form(body):
    found = plain(read(body, TENSORS).data)
    assert found == {"a": [[1.0, 2.5], [3.0, pytest.approx(float("nan"), nan_ok=True)]], "b": [1, 2]}


def test_named_arrays_keep_infinities():
    body = b'{"inputs": {"a": [[Infinity, NaN]], "b": [1]}}'
    assert plain(read_payload(body, None, TENSORS).data)["a"][0][0] == float("inf")


def test_all_faults_of_named_arrays_are_told_together():
    with pytest.raises(SignatureMismatch) as refused:
        read({"inputs": {"a": [[1, 2, 3]], "c": [1]}}, TENSORS)
    assert "missing array 'b'" in refused.value.message
    assert "array 'a': The model takes an array of shape (-1, 2), not (1, 3)" in refused.value.message


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"dataframe_split": '{"data": []}'}, "'dataframe_split' is an object"),
        ({"dataframe_split": {"columns": ["a"]}}, "'data'"),
        ({"dataframe_split": {"data": [1, 2]}}, "each a list"),
        ({"dataframe_split": {"columns": "a", "data": [[1]]}}, "'columns'"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "Row 2 has 2 values for 1"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1]], "names": []}}, "names"),
        ({"dataframe_records": {"a": [1]}}, "list of objects"),
        ({"dataframe_records": [1]}, "list of objects"),
        ({"instances": [{"a": 1}, {"b": 1}]}, "same keys"),
        ({"inputs": [1], "instances": [1]}, "this one has instances and inputs"),
        ({"rows": 1}, "none of them"),
        ({"inputs": [1], "params": [1]}, "'params' is an object"),
    ],
)
def test_forms_that_are_wrong_whatever_the_model(body, says):
    with pytest.raises(InvalidInput, match=says) as caught:
        read(body)
    assert caught.value.error_code == "BAD_REQUEST"


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"a": [1], "b": [1, 2]}},
        {"inputs": {"a": [1], "b": 1}},
        {"inputs": [[1, 2]]},
        {"dataframe_split": {"columns": ["a", "a", "b"], "data": [[1, 2, 3]]}},
        {"dataframe_records": [{"a": [1], "b": {}}]},
    ],
)
def test_rows_that_do_not_fit_the_signature(body):
    with pytest.raises(SignatureMismatch):
        read(body, AB)


def test_params_are_those_of_the_signature_and_free_without_one():
    knows = ModelSignature(params=ParamSchema([ParamSpec("n", "long", 3), ParamSpec("p", "double", 0.5)]))
    assert read({"inputs": [1], "params": {"n": 4, "other": 1}}, knows).params == {"n": 4, "p": 0.5}
    assert read({"inputs": [1], "params": {"n": 4}}, AB_ONLY).params == {}
    assert read({"inputs": [1], "params": {"n": 4}}).params == {"n": 4}
    assert read({"inputs": [1], "params": None}).params == {}


AB_ONLY = ModelSignature(Schema([ColSpec("double", "a")]))


def test_a_chat_is_one_row_and_answered_bare():
    knows = ModelSignature(params=ParamSchema([ParamSpec("n", "long", 3)]))
    payload = read({"messages": ["hi"], "n": 5}, knows)
    assert (plain(payload.data), payload.params, payload.is_bare) == ({"messages": ["hi"]}, {"n": 5}, True)


@pytest.mark.parametrize("key", ["inputs", "instances", "dataframe_records"])
def test_objects_without_a_name_are_the_rows_of_a_lone_column(key):
    record = {
        "type": "object",
        "properties": {"x": {"type": "double"}, "y": {"type": "long", "required": False}},
    }
    signature = ModelSignature(Schema.from_json(json.dumps([record | {"required": True}])))
    rows = plain(
        read_payload(json.dumps({key: [{"x": 1}, {"x": 2, "y": 3}]}).encode(), None, signature).data
    )["0"]
    assert [json.loads(text) for text in rows] == [{"x": 1}, {"x": 2, "y": 3}]
    with pytest.raises(SignatureMismatch, match="row 2"):
        read_payload(json.dumps({key: [{"x": 1}, {"x": "a"}]}).encode(), None, signature)


def test_lists_without_a_name_are_the_rows_of_a_lone_column():
    signature = ModelSignature(Schema([ColSpec(ArrayType(DataType.string))]))
    rows = plain(read_payload(b'{"inputs": [["a"], ["b", "c"]]}', None, signature).data)["0"]
    assert [json.loads(text) for text in rows] == [["a"], ["b", "c"]]
