import json
from pathlib import Path

import pandas as pd
import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, MlflowException, NotFound
from pycore.tracking import MlflowClient

ROWS = pd.DataFrame({"question": ["a", "b"], "score": [0.5, 1.0], "when": ["2024-01-01", "x"]})


@pytest.mark.usefixtures("uri")
@pytest.mark.parametrize("name", ["eval/table.json", "table.parquet"])
def test_rows_are_added_to_a_table(name):
    with mlflow.start_run() as run:
        mlflow.log_table(ROWS, name)
        mlflow.log_table({"question": ["c"], "score": [2.0], "when": ["y"]}, name)
        mlflow.log_table({"question": "d", "score": 3.0, "when": "z"}, artifact_file=name)
    table = mlflow.load_table(name, extra_columns=["run_id"])
    assert table["question"].tolist() == ["a", "b", "c", "d"]
    assert table["score"].tolist() == [0.5, 1.0, 2.0, 3.0]
    assert table["when"].tolist() == ["2024-01-01", "x", "y", "z"]
    assert set(table["run_id"]) == {run.info.run_id}


@pytest.mark.usefixtures("uri")
def test_the_file_is_that_of_mlflow():
    with mlflow.start_run() as run:
        mlflow.log_table(ROWS, "t.json")
    path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="t.json")
    assert json.loads(Path(path).read_text()) == {
        "columns": ["question", "score", "when"],
        "data": [["a", 0.5, "2024-01-01"], ["b", 1.0, "x"]],
    }


@pytest.mark.usefixtures("uri")
def test_tables_of_several_runs_are_one():
    ids = []
    for number in range(3):
        with mlflow.start_run() as run:
            ids.append(run.info.run_id)
            if number:
                mlflow.log_table({"n": [number]}, "t.json")
    assert sorted(mlflow.load_table("t.json")["n"]) == [1, 2]
    assert mlflow.load_table("t.json", ids[2:])["n"].tolist() == [2]
    with pytest.raises(NotFound, match=rf"The run {ids[0]} has no table 't\.json'"):
        mlflow.load_table("t.json", ids)
    with pytest.raises(NotFound, match="No run of the experiment 0 has a table"):
        mlflow.load_table("other.json")


@pytest.mark.usefixtures("uri")
def test_every_digit_and_missing_value_is_kept():
    rows = pd.DataFrame(
        {"x": [0.1 + 0.2, None], "text": ["ä", None], "at": pd.to_datetime(["2024-01-02"] * 2)}
    )
    with mlflow.start_run():
        mlflow.log_table(rows, "t.json")
    table = mlflow.load_table("t.json")
    assert table["x"][0] == 0.1 + 0.2
    assert table["x"].isna().tolist() == [False, True]
    assert table["text"][0] == "ä"
    assert table["at"][0] == "2024-01-02 00:00:00"


@pytest.mark.usefixtures("uri")
def test_what_is_no_table_is_refused():
    run_id = mlflow.start_run().info.run_id
    with pytest.raises(ValueError, match=r"ends in \.json or \.parquet, not 't\.csv'"):
        mlflow.log_table(ROWS, "t.csv")
    with pytest.raises(InvalidInput, match="a DataFrame or a dict of columns, not a list"):
        mlflow.log_table([1], "t.json")
    mlflow.log_text("[1, 2", "broken.json")
    with pytest.raises(InvalidInput, match=r"'broken\.json' holds no table"):
        MlflowClient().load_table("0", "broken.json", [run_id])


def test_an_error_can_be_made_and_sent():
    error = MlflowException.invalid_parameter_value("x must be y")
    assert isinstance(error, InvalidInput)
    assert json.loads(error.serialize_as_json()) == {
        "error_code": "INVALID_PARAMETER_VALUE", "message": "x must be y",
    }  # fmt: skip


def test_the_alias_for_examples_can_be_imported():
    from pycore.models import ModelInputExample

    assert ModelInputExample is mlflow.models.ModelInputExample
