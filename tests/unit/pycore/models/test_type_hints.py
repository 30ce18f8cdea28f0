"""Signatures from type hints, and rows that become what the hints say."""

import logging
from datetime import datetime
from typing import Any, Literal, Optional, Union

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, Field

from pycore.errors import SignatureMismatch
from pycore.flavors import pyfunc_function as pyfunc
from pycore.models.enforce_list import enforce_list
from pycore.models.schema import Schema
from pycore.models.type_hints import reader_of_hints, signature_from_hints


class Leaf(BaseModel):
    length: float
    marks: list[str] = []


class Flower(BaseModel):
    name: str
    leaves: list[Leaf]
    seen: datetime
    colour: Literal["red", "blue"] = "red"
    note: Optional[str] = None  # noqa: UP045 - written so by many
    counts: dict[str, int] | None
    kind: Any = Field(None, alias="class")


def hinted(hint: Any, result: Any = None) -> Any:
    def predict(rows):
        return rows

    predict.__annotations__ = {"rows": hint} | ({} if result is None else {"return": result})
    return predict


@pytest.mark.parametrize(
    ("hint", "described"),
    [
        (list[int], {"type": "long"}),
        (list[list[str]], {"type": "array", "items": {"type": "string"}}),
        (list[dict[str, float]], {"type": "map", "values": {"type": "double"}}),
        (
            list[list[dict[str, bool]]],
            {"type": "array", "items": {"type": "map", "values": {"type": "boolean"}}},
        ),
        (list[Any], {"type": "any"}),
        (list[Union[int, str]], {"type": "any"}),  # noqa: UP007 - written so by many
        (list[int | str], {"type": "any"}),
        (list[Literal["a", "b"]], {"type": "string"}),
        (
            list[Leaf],
            {
                "type": "object",
                "properties": {
                    "length": {"type": "double", "required": True},
                    "marks": {"type": "array", "items": {"type": "string"}, "required": False},
                },
            },
        ),
    ],
)
def test_a_list_says_what_a_row_is(hint, described):
    signature = signature_from_hints(hinted(hint, list[str]), "rows")
    assert signature.inputs.to_dict() == [described | {"required": True}]
    assert signature.outputs.to_dict() == [{"type": "string", "required": True}]


def test_fields_of_a_class_are_required_unless_they_may_be_left_out():
    inputs = signature_from_hints(hinted(list[Flower], np.ndarray), "rows").inputs
    (column,) = inputs.to_dict()
    required = {name: part["required"] for name, part in column["properties"].items()}
    assert required == {
        "name": True, "leaves": True, "seen": True, "colour": False, "note": False, "counts": False,
        "class": False,
    }  # fmt: skip
    assert column["properties"]["leaves"]["items"]["type"] == "object"


@pytest.mark.parametrize(
    ("hint", "advice"),
    [
        (dict, "hint a list of them, such as list[dict[str, float]]"),
        (str, "such as list[str]"),
        (Leaf, "such as list[Leaf]"),
        (list[dict], "say what is in a dict, as in dict[str, float]"),
        (list[Optional[int]], "only a field of a pydantic class may be missing"),  # noqa: UP045
        (list[tuple[int, str]], "tuple[int, str] has no type in signatures"),
    ],
)
def test_a_hint_that_says_too_little_is_answered_with_advice(hint, advice, caplog):
    with caplog.at_level(logging.WARNING):
        assert signature_from_hints(hinted(hint), "rows") is None
    assert advice in caplog.text


@pytest.mark.parametrize("hint", [pd.DataFrame, np.ndarray, pd.Series, Any, "NoSuchName"])
def test_hints_of_whole_tables_leave_the_signature_open(hint, caplog):
    assert signature_from_hints(hinted(hint), "rows") is None
    assert caplog.text == ""


def schema(hint: Any) -> Schema:
    return signature_from_hints(hinted(hint), "rows").inputs


def test_lists_come_as_frames_and_arrays_too():
    numbers = schema(list[int])
    for given in ([1, 2], (1, 2), pd.Series([1, 2]), np.array([1, 2]), pd.DataFrame({"a": [1, 2]})):
        items = enforce_list(given, numbers)
        assert items == [1, 2]
        assert {type(item) for item in items} == {int}
    records = [{"length": 1.5, "marks": ["x"]}, {"length": 2}]
    leaves = schema(list[Leaf])
    for given in (records, pd.DataFrame(records), pd.DataFrame({"leaf": records}), [Leaf(**records[0])]):
        assert enforce_list(given, leaves)[0] == records[0]
    assert enforce_list(pd.DataFrame(records), leaves)[1] == {"length": 2}
    moment = pd.Timestamp("2024-01-02")
    assert enforce_list([moment, "2024-01-02"], schema(list[datetime])) == [
        datetime(2024, 1, 2),
        "2024-01-02",
    ]
    assert enforce_list([b"a", "YQ=="], schema(list[bytes])) == [b"a", "YQ=="]


@pytest.mark.parametrize(
    ("hint", "given", "message"),
    [
        (list[int], ["1", 2, None], "item 1: expected a long, got '1'; item 3: expected a long, got None"),
        (list[int], 5, "takes a list, not a int"),
        (list[int], {"a": 1}, "takes a list, not a dict"),
        (list[int], pd.DataFrame({"a": [1], "b": [2]}), "must have one column, not 2"),
        (list[list[str]], [["a", 1]], r"item 1: \[2\]: expected a string, got 1"),
        (list[dict[str, int]], [{"a": "x"}], "item 1: a: expected a long, got 'x'"),
        (list[Leaf], [{}, {"length": "long"}], "item 1: length: missing; item 2: length: expected a double"),
        (list[Leaf], [[1]], r"item 1: expected a dict, got \[1\]"),
        (list[int], ["x"] * 12, "item 10: .*; and 2 more"),
    ],
)
def test_every_item_that_does_not_fit_is_named(hint, given, message):
    with pytest.raises(SignatureMismatch, match=message):
        enforce_list(given, schema(hint))


class Counting(pyfunc.PythonModel):
    def predict(self, model_input: list[Flower]) -> list[int]:
        return [len(flower.leaves) * flower.seen.day for flower in model_input]


ROSE = {"name": "rose", "leaves": [{"length": 1}], "seen": "2024-01-02T00:00:00", "counts": None, "class": 1}


def test_a_model_is_handed_objects_of_the_class(tmp_path):
    pyfunc.save_model(tmp_path / "m", python_model=Counting(), input_example=[ROSE])
    model = pyfunc.load_model(tmp_path / "m")
    assert model.metadata.to_dict()["is_signature_from_type_hint"] is True
    assert model.predict([ROSE, Flower(**ROSE)]) == [2, 2]
    with pytest.raises(SignatureMismatch, match=r"item 1, seen: input should be .*; item 2, colour: input"):
        model.predict([ROSE | {"seen": "then"}, ROSE | {"colour": "green"}])


def test_plain_values_need_no_reading():
    assert reader_of_hints(hinted(list[int]), "rows") is None
    assert reader_of_hints(hinted(Leaf), "rows") is None
    read = reader_of_hints(hinted(list[list[Leaf]]), "rows")
    assert read([[{"length": 1}]]) == [[Leaf(length=1)]]
    assert read("as it is") == "as it is"
