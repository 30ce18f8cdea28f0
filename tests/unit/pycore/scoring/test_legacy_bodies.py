"""Bodies of older clients are read as what they mean, and doubtful ones are not guessed at."""

import json

import pandas as pd
import pytest

from pycore.errors import InvalidInput
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.scoring.payload import read_payload

AB = ModelSignature(
    Schema([ColSpec("double", "a"), ColSpec("string", "b")]), params=ParamSchema([ParamSpec("n", "long", 1)])
)
ROWS = {"a": [1.0, 2.0], "b": ["x", "y"]}
RECORDS = [{"b": "x", "a": 1}, {"a": 2, "b": "y"}]
SPLIT = {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}


def read(body, content_type="application/json", signature=AB):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_payload(data, content_type, signature)


def columns(payload):
    return {name: column.to_list() for name, column in payload.data.columns.items()}


@pytest.mark.parametrize("signature", [AB, None])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RECORDS, "application/json"),
        (RECORDS, "application/json; format=pandas-records"),
        (SPLIT, "application/json"),
        (SPLIT, "application/json; format=pandas-split"),
        (SPLIT | {"index": [7, 8]}, None),
        (pd.DataFrame(ROWS).to_json(orient="split").encode(), "application/json"),
        (pd.DataFrame(ROWS).to_csv().encode(), "text/csv"),
        (pd.DataFrame(ROWS).to_csv(index=False).encode(), "text/csv"),
        (ROWS, "application/json"),
        ({"dataframe_split": SPLIT}, "application/json; format=pandas-split"),
    ],
)
def test_the_same_rows_in_every_old_form(body, content_type, signature):
    assert columns(read(body, content_type, signature)) == ROWS


def test_missing_values_of_pandas_are_missing():
    frame = pd.DataFrame({"a": [1.5, float("nan")], "b": ["x", None]})
    expected = {"a": [1.5, None], "b": ["x", None]}
    assert columns(read(frame.to_json(orient="split").encode())) == expected
    assert columns(read(frame.to_csv().encode(), "text/csv")) == expected


def test_params_may_stand_beside_them():
    assert read(SPLIT | {"params": {"n": 3}}).params == {"n": 3}
    assert read(ROWS | {"params": {"n": 3}}).params == {"n": 3}


def test_single_values_are_one_row_where_the_signature_knows_the_names():
    assert columns(read({"a": 1, "b": "x", "more": 2})) == {"a": [1.0], "b": ["x"]}
    with pytest.raises(InvalidInput, match="exactly one"):
        read({"a": 1, "b": "x"}, signature=None)


def test_columns_that_are_called_like_the_form():
    signature = ModelSignature(Schema([ColSpec("double", "data"), ColSpec("long", "index")]))
    assert columns(read({"data": [1], "index": [2]}, signature=signature)) == {"data": [1.0], "index": [2]}


@pytest.mark.parametrize(
    "body", [{}, {"rows": 3}, {"a": [1, 2], "b": [1]}, {"a": [1], "b": 1}, {"data": 3}, [[1, 2]], [1]]
)
def test_what_could_mean_anything_is_refused(body):
    with pytest.raises(InvalidInput, match="dataframe_split") as refused:
        read(body, signature=None)
    assert refused.value.error_code == "BAD_REQUEST"


def test_an_unnamed_column_of_the_signature_is_kept():
    signature = ModelSignature(Schema([ColSpec("long", ""), ColSpec("long", "a")]))
    assert columns(read(b",a\n1,2\n", "text/csv", signature)) == {"": [1], "a": [2]}
