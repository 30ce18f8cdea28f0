import pytest

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature

INPUTS = Schema([ColSpec("double", "a")])
INPUTS_TEXT = '[{"type": "double", "name": "a", "required": true}]'


def test_a_signature_is_three_json_texts():
    params = ParamSchema([ParamSpec("p", "long", 1)])
    signature = ModelSignature(INPUTS, None, params)
    assert signature.to_dict() == {
        "inputs": INPUTS_TEXT,
        "outputs": None,
        "params": '[{"name": "p", "default": 1, "shape": null, "type": "long"}]',
    }
    assert ModelSignature.from_dict(signature.to_dict()) == signature


@pytest.mark.parametrize(
    "described",
    [
        {"inputs": INPUTS_TEXT},
        {"inputs": None, "outputs": INPUTS_TEXT},
        {"params": '[{"name": "p", "default": 1, "type": "long"}]'},
        {"inputs": INPUTS_TEXT, "written_by": "somebody else"},
    ],
)
def test_parts_may_be_absent_and_foreign_keys_present(described):
    assert isinstance(ModelSignature.from_dict(described), ModelSignature)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({}, "The signature is empty"),
        ({"inputs": None, "outputs": None, "params": None}, "The signature is empty"),
        ({"inputs": [{"type": "double"}]}, "inputs of the signature cannot be read: expected a JSON text"),
        ({"outputs": "{"}, "outputs of the signature cannot be read: not valid JSON"),
        ({"params": "[1]"}, "params of the signature cannot be read"),
        ("text", "is a mapping of inputs, outputs and params, not a str"),
    ],
)
def test_a_signature_that_cannot_be_read_says_which_part(described, message):
    with pytest.raises(InvalidModel, match=message):
        ModelSignature.from_dict(described)


def test_a_signature_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="leave it out"):
        ModelSignature()
