import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pycore.errors import InvalidInput
from pycore.models.data_types import AnyType, ArrayType, DataType, ObjectType, Property
from pycore.models.param_schema import ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import infer_signature

ANY = Schema([ColSpec(AnyType())])


def inputs(data):
    return infer_signature(data).inputs


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (np.array([True]), "boolean"),
        *[(np.array([1], dtype), "integer") for dtype in ("int8", "int16", "int32", "uint8", "uint16")],
        *[(np.array([1], dtype), "long") for dtype in ("int64", "uint32")],
        (pd.array([1], dtype="Int64"), "long"),
        (pd.array([1], dtype="Int32"), "integer"),
        (pd.array([True], dtype="boolean"), "boolean"),
        (np.array([1], "float16"), "float"),
        (np.array([1], "float32"), "float"),
        (np.array([1.5]), "double"),
        (["x"], "string"),
        (pd.array(["x"], dtype="string"), "string"),
        (pd.Series(["x"], dtype=object), "string"),
        (pd.Categorical(["x"]), "string"),
        (pd.Categorical([1]), "long"),
        (pd.Series([b"x"], dtype=object), "binary"),
        (pd.Series([True], dtype=object), "boolean"),
        (pd.to_datetime(["2024-01-02"]), "datetime"),
        (pd.to_datetime(["2024-01-02"]).tz_localize("UTC"), "datetime"),
        (pd.Series([dt.date(2024, 1, 2)], dtype=object), "datetime"),
    ],
)
def test_the_type_of_a_frames_column(values, name):
    assert inputs(pd.DataFrame({"a": values})) == Schema([ColSpec(name, "a")])


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (np.array([1, np.nan]), "double"),
        (pd.array([1, None], dtype="Int64"), "long"),
        (["x", None], "string"),
        (pd.Series([True, None], dtype=object), "boolean"),
        (pd.to_datetime(["2024-01-02", None]), "datetime"),
    ],
)
def test_a_column_with_missing_values_is_optional(values, name):
    assert inputs(pd.DataFrame({"a": values})) == Schema([ColSpec(name, "a", required=False)])


def test_a_column_of_nothing_may_be_anything():
    assert inputs(pd.DataFrame({"a": [None]})) == Schema([ColSpec(AnyType(), "a", required=False)])


def test_columns_of_lists_and_dicts_have_composed_types():
    frame = pd.DataFrame({"v": [[1.5], [2]], "o": [{"x": 1, "y": "a"}, {"x": 2}]})
    point = ObjectType((Property("x", DataType.long), Property("y", DataType.string, required=False)))
    assert inputs(frame) == Schema([ColSpec(ArrayType(DataType.double), "v"), ColSpec(point, "o")])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": np.array([1], "uint64")}),
        pd.DataFrame({"a": [1j], "b": [1]}),
        pd.DataFrame({"a": pd.Series([1, "x"], dtype=object)}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": pd.to_timedelta([1])}),
        pd.DataFrame({"a": [[1, "x"]]}),
        pd.DataFrame(),
    ],
)
def test_what_no_type_describes_is_any(frame):
    assert inputs(frame) == ANY


@pytest.mark.parametrize(
    ("data", "schema"),
    [
        (pd.DataFrame([[1, 1.5]]), Schema([ColSpec("long", 0), ColSpec("double", 1)])),
        (pd.Series([1.5], name="q"), Schema([ColSpec("double", "q")])),
        (pd.Series([1.5, None]), Schema([ColSpec("double")])),
        (np.zeros((3, 2), "float32"), Schema([TensorSpec("float32", (-1, 2))])),
        (np.array(["abc"]), Schema([TensorSpec("str", (-1,))])),
        (sparse.csr_matrix(np.eye(2)), Schema([TensorSpec("float64", (-1, 2))])),
        (
            {"x": np.zeros((1, 2)), "y": np.zeros(1, "int64")},
            Schema([TensorSpec("float64", (-1, 2), "x"), TensorSpec("int64", (-1,), "y")]),
        ),
        ("text", Schema([ColSpec("string")])),
        (3, Schema([ColSpec("long")])),
        ([1, 2.5], Schema([ColSpec("double")])),
        (["a"], Schema([ColSpec("string")])),
        ({"a": 1, "b": "x"}, Schema([ColSpec("long", "a"), ColSpec("string", "b")])),
        (
            [{"a": 1}, {"a": 2, "b": 1.5}],
            Schema([ColSpec("long", "a"), ColSpec("double", "b", required=False)]),
        ),
        ([], ANY),
        ({}, ANY),
        (object(), ANY),
        (np.array(5.0), ANY),
    ],
)
def test_other_data(data, schema):
    assert inputs(data) == schema


def test_params_take_type_and_shape_from_their_defaults():
    signature = infer_signature(params={"k": 0.5, "n": 3, "s": "x", "b": True, "l": [1, 2]})
    assert list(signature.params) == [
        ParamSpec("k", "double", 0.5),
        ParamSpec("n", "long", 3),
        ParamSpec("s", "string", "x"),
        ParamSpec("b", "boolean", True),
        ParamSpec("l", "long", [1, 2], (-1,)),
    ]


def test_a_param_of_no_type_is_named():
    with pytest.raises(InvalidInput, match="param 'p' has the default"):
        infer_signature(params={"p": object()})


def test_outputs_are_described_alike():
    assert infer_signature([1], np.zeros(3)).outputs == Schema([TensorSpec("float64", (-1,))])


def test_nothing_has_no_signature():
    with pytest.raises(InvalidInput, match="a signature needs"):
        infer_signature()
