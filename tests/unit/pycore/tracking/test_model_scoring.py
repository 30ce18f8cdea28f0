import json

import pandas as pd
import pytest
from model_folders import write_model_with_package

import pycore as mlflow
from pycore.errors import InvalidInput, ModelError, NotFound, SignatureMismatch
from pycore.models.schema import ColSpec, Schema

ROWS = pd.DataFrame({"x": [1.0, 2.0]})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that doubles."""
    folder = tmp_path_factory.mktemp("models") / "doubling"
    mlflow.pyfunc.save_model(folder, python_model=lambda rows: (rows["x"] * 2).tolist(), input_example=ROWS)
    return folder


def test_a_model_answers_as_it_would_when_served(model, capsys, tmp_path):
    mlflow.models.predict(model, ROWS)
    assert json.loads(capsys.readouterr().out) == {"predictions": [2.0, 4.0]}

    (tmp_path / "rows.csv").write_text("x\n3\n")
    answer = tmp_path / "answer.json"
    mlflow.models.predict(
        str(model), input_path=tmp_path / "rows.csv", content_type="csv", output_path=answer
    )
    assert json.loads(answer.read_bytes()) == {"predictions": [6.0]}
    assert capsys.readouterr().out == ""


def test_a_model_sees_the_variables_given(tmp_path, capsys):
    def environment(rows):
        import os

        return [os.environ.get("SEASON", "none")]

    mlflow.pyfunc.save_model(tmp_path / "m", python_model=environment)
    mlflow.models.predict(tmp_path / "m", {"x": 1}, extra_envs={"SEASON": "summer"})
    assert json.loads(capsys.readouterr().out) == {"predictions": ["summer"]}


def test_a_model_may_run_with_packages_of_its_own(tmp_path, monkeypatch, capsys):
    folder = write_model_with_package(tmp_path / "m", tmp_path / "wheels")
    monkeypatch.setenv("MLFLOW_ENV_ROOT", str(tmp_path / "envs"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    with pytest.raises(ModelError, match="No module named 'irises'"):
        mlflow.models.predict(folder, {"x": 1.0})
    mlflow.models.predict(
        folder, {"x": 1.0}, env_manager="virtualenv", pip_requirements_override=["irises==2.0"]
    )
    assert json.loads(capsys.readouterr().out) == {"predictions": ["2.0"]}


def test_a_serving_input_is_tried(model):
    body = mlflow.models.convert_input_example_to_serving_input(ROWS)
    assert mlflow.models.validate_serving_input(model, body) == [2.0, 4.0]
    assert mlflow.models.validate_serving_input(model, {"dataframe_records": [{"x": 5}]}) == [10.0]
    with pytest.raises(InvalidInput, match="not JSON"):
        mlflow.models.validate_serving_input(model, "{")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"input_data": ROWS, "env_manager": "conda"},
            "'conda' here, .* give env_manager local .*conda.yaml",
        ),
        ({"input_data": ROWS, "env_manager": "library"}, "A library is for R models, and this one has"),
        ({"input_data": ROWS, "pip_requirements_override": "x"}, "must be a list or None, not 'x'"),
        ({"input_data": ROWS, "content_type": "xml"}, "one of json, csv, not 'xml'"),
        ({}, "either input_data or input_path"),
        ({"input_data": ROWS, "input_path": "rows.json"}, "either input_data or input_path"),
        ({"input_data": {"x": 1}, "content_type": "csv"}, "must be a DataFrame or a text"),
        ({"input_data": {"y": 1}}, "missing column 'x'"),
    ],
)
def test_what_cannot_be_scored_is_refused(model, arguments, message):
    with pytest.raises(InvalidInput, match=message):
        mlflow.models.predict(model, **arguments)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(NotFound, match="There is nothing at"):
        mlflow.models.predict(tmp_path / "nothing", ROWS)


def test_data_are_held_to_a_schema():
    schema = Schema([ColSpec("double", "x"), ColSpec("string", "name", required=False)])
    mlflow.models.validate_schema(ROWS, schema)
    with pytest.raises(SignatureMismatch, match="missing column 'x'"):
        mlflow.models.validate_schema({"name": ["a"]}, schema)
    with pytest.raises(InvalidInput, match="must be a Schema, such as that of a signature's inputs"):
        mlflow.models.validate_schema(ROWS, {"x": "double"})
