import json
from datetime import datetime

import numpy as np
import pytest

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.param_schema import ParamSchema, ParamSpec


def test_params_have_this_json_form_and_are_read_from_it():
    schema = ParamSchema(
        [
            ParamSpec("p", "double", 0.5),
            ParamSpec("n", "long", [1, 2], (-1,)),
            ParamSpec("t", "datetime", "2024-01-02T03:04:05"),
            ParamSpec("none", "string", None),
        ]
    )
    assert json.loads(schema.to_json()) == [
        {"name": "p", "default": 0.5, "shape": None, "type": "double"},
        {"name": "n", "default": [1, 2], "shape": [-1], "type": "long"},
        {"name": "t", "default": "2024-01-02T03:04:05", "shape": None, "type": "datetime"},
        {"name": "none", "default": None, "shape": None, "type": "string"},
    ]
    assert ParamSchema.from_json(schema.to_json()) == schema


def test_early_files_call_the_type_dtype():
    assert ParamSchema.from_json('[{"name": "p", "default": 1, "dtype": "long"}]').params[0].dtype == "long"


@pytest.mark.parametrize(
    ("dtype", "value", "read"),
    [
        ("double", 2, 2.0),
        ("float", np.float32(0.5), 0.5),
        ("long", 2.0, 2),
        ("long", np.int64(3), 3),
        ("integer", -(2**31), -(2**31)),
        ("boolean", False, False),
        ("string", "x", "x"),
        ("datetime", "2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5)),
        ("double", None, None),
    ],
)
def test_a_value_is_read_in_its_type(dtype, value, read):
    result = ParamSpec("p", dtype, None).read(value)
    assert result == read
    assert type(result) is type(read)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("integer", 1.5),
        ("integer", "1"),
        ("integer", True),
        ("integer", 2**31),
        ("long", 2**63),
        ("long", float("nan")),
        ("long", float("inf")),
        ("double", "1"),
        ("double", True),
        ("double", 10**400),
        ("boolean", 1),
        ("boolean", "true"),
        ("string", 3),
        ("binary", 3),
        ("datetime", 5),
        ("datetime", "abc"),
    ],
)
def test_a_value_of_another_type_is_refused(dtype, value):
    with pytest.raises(InvalidInput, match="param 'p' takes "):
        ParamSpec("p", dtype, None).read(value)


def test_a_list_takes_a_list_alone():
    spec = ParamSpec("p", "double", [0.5], (-1,))
    assert spec.read([1, 2]) == [1.0, 2.0]
    assert spec.read(np.array([1.5])) == [1.5]
    assert spec.read([]) == []
    for wrong in (1.0, None, ["x"]):
        with pytest.raises(InvalidInput, match="param 'p' takes"):
            spec.read(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"default": 1, "type": "long"}]', "a param needs a name"),
        ('[{"name": "p", "default": "x", "type": "long"}]', "param 'p' takes an integer of 64 bits, not 'x'"),
        ('[{"name": "p", "default": 1, "type": "long", "shape": 3}]', "null or a list"),
        ('[{"name": "p", "default": 1, "type": "long", "shape": [1, 2]}]', r"None or \(-1,\)"),
        ('[{"name": "p", "type": "long"}, {"name": "p", "type": "long"}]', "not all different"),
        ("[1]", "a JSON list of objects"),
    ],
)
def test_a_text_that_is_no_list_of_params_says_why(text, message):
    with pytest.raises(InvalidModel, match=message):
        ParamSchema.from_json(text)
