"""The description of a scoring server: valid OpenAPI, and true of the bodies that its model takes."""

import json

import jsonschema
import pytest
from openapi_spec_validator import validate

from pycore.errors import InvalidInput
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature
from pycore.scoring.openapi import describe
from pycore.scoring.payload import read_payload

OBJECT = {"type": "object", "properties": {"k": {"type": "double", "required": True}}, "required": False}
SIGNATURES = {
    "none": None,
    "named": ModelSignature(
        Schema([ColSpec("double", "a"), ColSpec("integer", "b"), ColSpec("string", "c", required=False)]),
        Schema([ColSpec("double")]),
        ParamSchema([ParamSpec("n", "long", 3), ParamSpec("ps", "double", [0.5], (-1,))]),
    ),
    "positions": ModelSignature(Schema([ColSpec("double"), ColSpec("boolean")])),
    "composed": ModelSignature(
        Schema(
            [
                ColSpec.from_dict({"name": "o"} | OBJECT),
                ColSpec.from_dict({"name": "l", "type": "array", "items": {"type": "long"}}),
                ColSpec.from_dict({"name": "m", "type": "map", "values": {"type": "string"}}),
                ColSpec.from_dict({"name": "x", "type": "any"}),
                ColSpec("datetime", "t"),
                ColSpec("binary", "z"),
            ]
        ),
        Schema([ColSpec("double", "p"), ColSpec("string", "q")]),
    ),
    "tensor": ModelSignature(Schema([TensorSpec("float64", (-1, 2))]), Schema([TensorSpec("int64", (-1,))])),
    "outputs alone": ModelSignature(outputs=Schema([ColSpec("long", "y")])),
}


def body_schema(description):
    """The schema of a JSON body, with what it refers to."""
    content = description["paths"]["/invocations"]["post"]["requestBody"]["content"]
    return content["application/json"]["schema"] | {"components": description["components"]}


@pytest.mark.parametrize("name", SIGNATURES)
def test_every_description_is_valid(name):
    validate(describe(SIGNATURES[name], {"inputs": [1]}))
    validate(describe(SIGNATURES[name]))


TAKEN = [
    ("named", {"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, 2]]}}),
    ("named", {"dataframe_records": [{"a": None, "b": 2, "c": None}]}),
    ("named", {"inputs": {"a": [1.5], "b": [2], "c": ["x"]}, "params": {"n": 1, "ps": [1, 2]}}),
    ("named", {"inputs": [{"a": 1.5, "b": 2}]}),
    ("named", {"instances": {"a": [1.5], "b": [2]}}),
    ("named", {"instances": {}}),
    ("positions", {"inputs": [[1.5, True]]}),
    ("positions", {"dataframe_split": {"data": [[1.5, True]]}}),
    (
        "composed",
        {"inputs": [{"o": {"k": 1}, "l": [1], "m": {"a": "b"}, "x": 1, "t": "2024-01-02", "z": "YQ=="}]},
    ),
    ("tensor", {"inputs": [[1, 2], [3, 4]]}),
    ("none", {"inputs": {"whatever": [1]}}),
    ("none", {"dataframe_split": {"data": [[1, "x"]]}}),
]
REFUSED = [
    ("named", {"dataframe_records": [{"a": 1}]}),
    ("named", {"inputs": {"a": ["x"], "b": [1]}}),
    ("named", {"inputs": [{"a": 1, "b": 2}], "params": {"n": "x"}}),
    ("named", {"inputs": [{"a": 1, "b": 2}], "instances": [{"a": 1, "b": 2}]}),
    ("named", {}),
    ("positions", {"inputs": [[1.5]]}),
    ("tensor", {"inputs": [[1, 2, 3]]}),
    ("tensor", {"inputs": [1, 2]}),
]


@pytest.mark.parametrize(("name", "body"), TAKEN)
def test_bodies_that_a_model_takes_are_of_the_schema(name, body):
    signature = SIGNATURES[name]
    read_payload(json.dumps(body).encode(), None, signature)
    jsonschema.Draft202012Validator(body_schema(describe(signature))).validate(body)


@pytest.mark.parametrize(("name", "body"), REFUSED)
def test_bodies_that_it_refuses_are_not(name, body):
    signature = SIGNATURES[name]
    with pytest.raises(InvalidInput):
        read_payload(json.dumps(body).encode(), None, signature)
    assert not jsonschema.Draft202012Validator(body_schema(describe(signature))).is_valid(body)


def test_the_header_of_csv_is_shown():
    content = describe(SIGNATURES["named"])["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert content["text/csv"]["example"] == "a,b,c\n"
    assert "text/csv" not in str(describe(SIGNATURES["tensor"]))
