import json
from datetime import date

import numpy as np
import pytest
from pycore.types.schema import Array, Map, Object

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.data_types import (
    AnyType,
    ArrayType,
    DataType,
    MapType,
    ObjectType,
    Property,
    SparkVectorType,
    fits,
)
from pycore.models.schema import ColSpec, Schema, TensorSpec

POINT = ObjectType((Property("x", DataType.double), Property("y", DataType.double, required=False)))

COLUMNS = [
    (ColSpec("double", "a"), {"type": "double", "name": "a", "required": True}),
    (ColSpec("long", 0, False), {"type": "long", "name": 0, "required": False}),
    (ColSpec("string"), {"type": "string", "required": True}),
    (
        ColSpec(ArrayType(DataType.double), "v"),
        {"type": "array", "items": {"type": "double"}, "name": "v", "required": True},
    ),
    (
        ColSpec(POINT, "p", False),
        {
            "type": "object",
            "properties": {
                "x": {"type": "double", "required": True},
                "y": {"type": "double", "required": False},
            },
            "name": "p",
            "required": False,
        },
    ),
    (
        ColSpec(MapType(ArrayType(DataType.long)), "m"),
        {
            "type": "map",
            "values": {"type": "array", "items": {"type": "long"}},
            "name": "m",
            "required": True,
        },
    ),
    (ColSpec(AnyType(), "x"), {"type": "any", "name": "x", "required": True}),
    (ColSpec(SparkVectorType(), "s"), {"type": "sparkml_vector", "name": "s", "required": True}),
]


@pytest.mark.parametrize(("spec", "described"), COLUMNS, ids=lambda part: str(part)[:30])
def test_a_column_has_this_json_form_and_is_read_from_it(spec, described):
    assert spec.to_dict() == described
    assert list(spec.to_dict()) == list(described)
    assert ColSpec.from_dict(described) == spec


@pytest.mark.parametrize("name", [member.value for member in DataType])
def test_every_simple_type_is_known_by_name(name):
    spec = ColSpec(name, "a")
    assert spec.type is DataType[name]
    assert spec.type == name
    assert Schema.from_json(Schema([spec]).to_json()) == Schema([spec])


@pytest.mark.parametrize(
    ("described", "required"),
    [
        ({"type": "double", "name": "a"}, True),
        ({"type": "array", "items": {"type": "double"}, "name": "a"}, False),
        ({"type": "any", "name": "a"}, False),
    ],
)
def test_files_that_do_not_say_whether_a_column_is_required(described, required):
    assert ColSpec.from_dict(described).required is required


def test_a_tensor_has_this_json_form_and_is_read_from_it():
    schema = Schema([TensorSpec(np.dtype("float32"), (-1, 4), "x"), TensorSpec("str", [-1], "s")])
    assert json.loads(schema.to_json()) == [
        {"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}},
        {"name": "s", "type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}},
    ]
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("given", "name"),
    [(np.float64, "float64"), (np.dtype("<U7"), "str"), (np.dtype("S3"), "bytes"), (np.dtype("O"), "object")],
)
def test_the_type_of_a_tensor_is_kept_by_name(given, name):
    assert TensorSpec(given, (-1,)).type == name


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([], "at least one column or tensor"),
        ([ColSpec("long", "a"), TensorSpec("int64", (-1,), "b")], "columns or tensors, not both"),
        ([ColSpec("long", "a"), ColSpec("long")], "all or none"),
        ([TensorSpec("int64", (-1,)), TensorSpec("int64", (-1,))], "several tensors need names"),
        ([ColSpec("long", required=False)], "without a name cannot be optional"),
        ([ColSpec("long", "a"), ColSpec("double", "a")], "names 'a' more than once"),
    ],
)
def test_a_schema_refuses_parts_that_do_not_go_together(specs, message):
    with pytest.raises(InvalidInput, match=message):
        Schema(specs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "not valid JSON"),
        ("[]", "at least one"),
        ('{"type": "double"}', "a JSON list of objects"),
        ([{"type": "double"}], "a JSON text, not a list"),
        ('[{"type": "factor", "name": "a"}]', "unknown type 'factor'; the types are boolean, integer, long"),
        ('[{"name": "a"}]', "with a key 'type'"),
        ('[{"type": "double", "name": "a", "levels": ["x"]}]', r"unknown keys \['levels'\]"),
        ('[{"type": "double", "name": ["a"]}]', "a text or an integer"),
        ('[{"type": "array", "name": "a"}]', "needs an object under 'items'"),
        ('[{"type": "tensor"}]', "a tensor needs 'tensor-spec'"),
        ('[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": "x"}}]', "a list of integers"),
    ],
)
def test_a_text_that_is_no_schema_says_why(text, message):
    with pytest.raises(InvalidModel, match=message):
        Schema.from_json(text)


def test_a_schema_tells_its_names_and_types():
    schema = Schema([ColSpec("long", "a"), ColSpec("double", "b", required=False)])
    assert schema.input_names() == ["a", "b"]
    assert schema.required_input_names() == ["a"]
    assert schema.input_types() == ["long", "double"]
    assert schema.has_input_names()
    assert not schema.is_tensor_spec()
    assert repr(schema) == "['a': long (required), 'b': double (optional)]"
    assert Schema([ColSpec("long"), ColSpec("long")]).input_names() == [0, 1]


@pytest.mark.parametrize(
    ("value", "value_type", "expected"),
    [
        ([1, 2.5, None], ArrayType(DataType.double), True),
        (["x"], ArrayType(DataType.double), False),
        (1, ArrayType(DataType.double), False),
        ({"x": 1}, POINT, True),
        ({"x": 1, "y": None}, POINT, True),
        ({"y": 1}, POINT, False),
        ({"x": 1, "z": 1}, POINT, False),
        ({"k": 1}, MapType(DataType.long), True),
        ({"k": 1.5}, MapType(DataType.long), False),
        ([2**31], ArrayType(DataType.integer), False),
        ([True], ArrayType(DataType.long), False),
        ([True], ArrayType(DataType.boolean), True),
        (["a"], ArrayType(DataType.string), True),
        (object(), AnyType(), True),
    ],
)
def test_json_values_fit_composed_types(value, value_type, expected):
    assert fits(value, value_type) is expected


def test_composed_types_are_made_from_names_too():
    point = Object([Property("x", "double"), Property(name="y", dtype="string", required=False)])
    assert point.to_dict()["properties"]["y"] == {"type": "string", "required": False}
    assert Array(dtype="long") == ArrayType(DataType.long)
    assert Map(value_type=Array("long")).to_dict()["values"] == {"type": "array", "items": {"type": "long"}}
    with pytest.raises(InvalidInput, match="unknown type 'text'"):
        Array("text")


def test_types_and_what_may_be_absent_by_name():
    schema = Schema([ColSpec("double", "a"), ColSpec("long", "b", required=False)])
    assert schema.input_types_dict() == {"a": "double", "b": "long"}
    assert schema.optional_input_names() == ["b"]


def test_every_simple_type_has_one_of_each_library():
    schema = Schema([ColSpec(kind, kind.value) for kind in DataType.all_types()])
    numbers = ["bool", "int32", "int64", "float32", "float64"]
    times = np.dtype("datetime64[ns]")
    assert schema.numpy_types() == [*map(np.dtype, numbers), np.dtype("str"), np.dtype("bytes"), times]
    assert schema.pandas_types() == [*map(np.dtype, numbers), object, object, times]
    assert [kind.to_python() for kind in DataType] == [bool, int, int, float, float, str, bytes, date]


def test_tensors_have_types_of_numpy_alone():
    schema = Schema([TensorSpec("float32", (-1, 2), "a"), TensorSpec("int64", (-1,), "b")])
    assert schema.numpy_types() == [np.dtype("float32"), np.dtype("int64")]
    with pytest.raises(InvalidInput, match=r"tensors, which have no types of pandas; see numpy_types\(\)"):
        schema.pandas_types()


@pytest.mark.parametrize("types", [Schema.numpy_types, Schema.pandas_types, Schema.as_spark_schema])
def test_composed_types_have_none(types):
    with pytest.raises(InvalidInput, match=r"Only simple types have one of \w+, and not 'v': .*array"):
        types(Schema([ColSpec("long", "a"), ColSpec(ArrayType("double"), "v")]))
