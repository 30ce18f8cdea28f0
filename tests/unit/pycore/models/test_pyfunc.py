import logging

import numpy as np
import pandas as pd
import pytest

from pycore.errors import InvalidInput, InvalidModel, ModelError, SignatureMismatch
from pycore.models.columns import Array, Column, Json, Table
from pycore.models.data_types import ArrayType, DataType
from pycore.models.enforce import table_from_columns
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.pyfunc import PyFuncModel, merge_config
from pycore.models.pyfunc_predictor import PyFuncPredictor
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature
from pycore.models.spec import Model

PARAMS = ParamSchema([ParamSpec("k", "double", 0.5)])


class Echo:
    """Returns what it is given, to be looked at."""

    row_wise = True

    def predict(self, data):
        return data


class WithParams:
    def predict(self, data, params):
        return params


def model(implementation, tmp_path, inputs=None, params=None, **section):
    signature = ModelSignature(inputs, None, params) if inputs or params else None
    metadata = Model(flavors={"python_function": {"loader_module": "m", **section}}, signature=signature)
    return PyFuncModel(implementation, metadata, tmp_path)


def columns(**types):
    return Schema([ColSpec(value_type, name) for name, value_type in types.items()])


def test_input_is_held_to_the_signature(tmp_path):
    asked = model(Echo(), tmp_path, columns(a="double"))
    assert asked.predict({"a": [1], "zz": [2]}).to_dict("list") == {"a": [1.0]}
    with pytest.raises(SignatureMismatch, match="missing column 'a'"):
        asked.predict({"zz": [2]})


def test_params_reach_a_model_that_takes_them(tmp_path):
    asked = model(WithParams(), tmp_path, params=PARAMS)
    assert asked.predict([1]) == {"k": 0.5}
    assert asked.predict([1], {"k": 2}) == {"k": 2.0}
    with pytest.raises(InvalidInput, match="param 'k' takes a number"):
        asked.predict([1], {"k": "x"})


def test_params_for_a_model_without_are_ignored_with_a_warning(tmp_path, caplog):
    asked = model(Echo(), tmp_path, params=PARAMS)
    with caplog.at_level(logging.WARNING):
        assert asked.predict(1) == 1
        assert caplog.records == []
        assert asked.predict(1, {"k": 1}) == 1
    assert "takes no params; ignored k" in caplog.text


def test_arguments_collected_under_the_name_params_are_no_params(tmp_path):
    class Pipeline:
        def predict(self, data, **params):
            return params

    assert model(Pipeline(), tmp_path, params=PARAMS).predict(1) == {}


def test_a_model_without_the_method_is_refused(tmp_path):
    with pytest.raises(InvalidModel, match="The loaded Echo has no method 'score' to call"):
        model(Echo(), tmp_path, predict_fn="score")


class Streaming:
    """Yields what it is given, and the params."""

    def predict(self, data):
        return data

    def predict_stream(self, row, params=None):
        yield row
        yield params

    def letters(self, row):
        yield from row


@pytest.mark.parametrize(
    ("inputs", "data", "row"),
    [
        (None, "ab", "ab"),
        (None, ["ab"], "ab"),
        (None, {"a": 1}, {"a": 1}),
        (None, [{"a": 1}], {"a": 1}),
        (None, pd.DataFrame({"a": [1]}), {"a": 1}),
        (None, np.array([1.5]), 1.5),
        (columns(a="double", b="string"), {"a": 1, "b": "x", "zz": 2}, {"a": 1.0, "b": "x"}),
        (columns(a="double"), pd.DataFrame({"a": [2.5]}), {"a": 2.5}),
        (Schema([ColSpec("string")]), "ab", "ab"),
    ],
)
def test_a_stream_is_asked_with_one_row(tmp_path, inputs, data, row):
    asked = model(Streaming(), tmp_path, inputs, PARAMS, streamable=True)
    pieces = asked.predict_stream(data, {"k": 2})
    assert next(pieces) == row
    assert list(pieces) == [{"k": 2.0}]


def test_a_row_of_a_tensor_is_an_array(tmp_path):
    asked = model(Streaming(), tmp_path, Schema([TensorSpec("float64", (-1, 2))]), streamable=True)
    assert next(asked.predict_stream(np.array([[1.0, 2.0]]))).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("data", [["a", "b"], [], pd.DataFrame({"a": [1, 2]})])
def test_a_stream_takes_no_more_and_no_less_than_one_row(tmp_path, data):
    asked = model(Streaming(), tmp_path, streamable=True)
    with pytest.raises(SignatureMismatch, match=rf"takes one row, not {len(data)}; predict\(\) takes many"):
        asked.predict_stream(data)


def test_a_stream_is_held_to_the_signature_before_it_begins(tmp_path):
    asked = model(Streaming(), tmp_path, columns(a="double"), PARAMS, streamable=True)
    with pytest.raises(SignatureMismatch, match="missing column 'a'"):
        asked.predict_stream({"b": 1})
    with pytest.raises(InvalidInput, match="param 'k' takes a number"):
        asked.predict_stream({"a": 1}, {"k": "x"})


def test_the_method_of_a_stream_has_the_name_in_mlmodel(tmp_path):
    asked = model(Streaming(), tmp_path, streamable=True, predict_stream_fn="letters")
    assert list(asked.predict_stream("ab")) == ["a", "b"]
    with pytest.raises(InvalidModel, match="The loaded Echo has no method 'predict_stream' to call"):
        model(Echo(), tmp_path, streamable=True)


def test_a_model_that_does_not_say_so_does_not_stream(tmp_path):
    with pytest.raises(InvalidInput, match=r"does not stream: .* 'streamable: true'\. Call predict\(\)"):
        model(Streaming(), tmp_path).predict_stream("a")


def test_only_what_a_loader_gives_out_can_be_unwrapped(tmp_path):
    asked = model(Echo(), tmp_path)
    with pytest.raises(InvalidInput, match="Only a model saved with python_model can be unwrapped"):
        asked.unwrap_python_model()
    with pytest.raises(InvalidInput, match="does not give out the object"):
        asked.get_raw_model()


def test_its_repr_says_what_it_is(tmp_path):
    metadata = Model(artifact_path="m", run_id="r", flavors={"python_function": {"loader_module": "l"}})
    text = repr(PyFuncModel(Echo(), metadata, tmp_path))
    assert "artifact_path: m" in text
    assert "flavor: l" in text
    assert "run_id: r" in text


def test_a_configuration_is_replaced_only_where_it_was_saved(caplog):
    assert merge_config({"a": 1, "b": 2}, {"a": 3, "zz": 4}) == {"a": 3, "b": 2}
    assert "without the configuration zz; ignored" in caplog.text
    assert merge_config(None, None) == {}


def predictor(implementation, tmp_path, *arguments, **more):
    return PyFuncPredictor(model(implementation, tmp_path, *arguments, **more))


def test_a_predictor_is_batchable_if_the_model_is_row_wise(tmp_path):
    assert predictor(Echo(), tmp_path).batchable
    assert not predictor(WithParams(), tmp_path).batchable
    assert not predictor(Echo(), tmp_path).forkable


@pytest.mark.parametrize(
    ("value_type", "values", "dtype", "seen"),
    [
        ("double", [1, None], "float64", [1.0, np.nan]),
        ("float", [0.1], "float32", [np.float32(0.1)]),
        ("integer", [1], "int32", [1]),
        ("long", [1], "int64", [1]),
        ("boolean", [True], "bool", [True]),
        ("binary", ["YWI=\n", None], "object", [b"ab", None]),
        ("datetime", ["2024-01-02T00:00:00Z"], "datetime64[ns]", [pd.Timestamp("2024-01-02")]),
        (ArrayType(DataType.double), [[1, 2.5], None], "object", [[1, 2.5], None]),
    ],
)
def test_a_python_model_sees_the_types_of_its_signature(tmp_path, value_type, values, dtype, seen):
    found = []

    class Look:
        def predict(self, data):
            found.append(data)
            return [0]

    schema = columns(a=value_type)
    predictor(Look(), tmp_path, schema).predict(table_from_columns({"a": values}, schema), {})
    assert str(found[0]["a"].dtype) == dtype
    pd.testing.assert_series_equal(found[0]["a"], pd.Series(seen, name="a"), check_dtype=False)


def test_a_python_model_sees_integer_names_as_it_was_trained_with(tmp_path):
    schema = Schema([ColSpec("double", 0), ColSpec("double", 1)])
    result = predictor(Echo(), tmp_path, schema).predict(table_from_columns({"0": [1], "1": [2]}, schema), {})
    assert result.records() == [{"0": 1.0, "1": 2.0}]


def test_missing_integers_are_refused_where_required_and_doubles_where_optional(tmp_path):
    required = columns(a="long", b="boolean", c="double")
    table = table_from_columns({"a": [None], "b": [None], "c": [None]}, required)
    with pytest.raises(SignatureMismatch) as caught:
        predictor(Echo(), tmp_path, required).predict(table, {})
    assert "column 'a' must not have missing values" in caught.value.message
    assert "column 'b' must not have missing values" in caught.value.message
    assert "column 'c'" not in caught.value.message
    optional = Schema([ColSpec("long", "a", required=False)])
    result = predictor(Echo(), tmp_path, optional).predict(table_from_columns({"a": [1, None]}, optional), {})
    assert result.columns["a"].kind == "double"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (Table({"a": Column("double", np.array([1.5]))}, 1), Table),
        (Column("double", np.array([1.5])), Array),
        (Array(np.eye(2)), Array),
        (Json('{"messages": []}'), Json),
    ],
)
def test_every_form_of_data_goes_through(tmp_path, data, kind):
    assert isinstance(predictor(Echo(), tmp_path).predict(data, {}), kind)


def test_arrays_are_passed_to_a_model_of_tensors(tmp_path):
    schema = Schema([TensorSpec("float64", (-1, 2))])
    assert predictor(Echo(), tmp_path, schema).predict(Array(np.eye(2)), {}).data.tolist() == [[1, 0], [0, 1]]


def test_an_error_of_the_model_is_its_class_and_message(tmp_path):
    class Failing:
        def predict(self, data):
            raise KeyError("no column x")

    with pytest.raises(ModelError) as caught:
        predictor(Failing(), tmp_path).predict(Json("1"), {})
    assert caught.value.message == "KeyError: 'no column x'"
    assert caught.value.error_code == "BAD_REQUEST"


def test_our_own_errors_pass_through_a_model(tmp_path):
    class Refusing:
        def predict(self, data):
            raise InvalidInput("no")

    with pytest.raises(InvalidInput, match=r"^no$"):
        predictor(Refusing(), tmp_path).predict(Json("1"), {})
