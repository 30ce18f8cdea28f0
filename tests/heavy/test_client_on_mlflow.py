"""Our client against the tracking server of MLflow 3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from official_server import mlflow_server
from sklearn.linear_model import LinearRegression

import pycore as mlflow
from pycore.entities import LoggedModelInput, LoggedModelOutput, Metric
from pycore.errors import AlreadyExists, InvalidInput, NotFound
from pycore.tracking import chosen_experiments

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.5], "b": [1.5, 2.5, None]})


@pytest.fixture(scope="module")
def official_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture(autouse=True)
def in_force(official_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chosen_experiments, "_ids", {})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", official_server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


def test_runs_with_all_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", mlflow.create_experiment("runs"))
    external = mlflow.create_external_model("judge", params={"depth": 3}, tags={"team": "red"})
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_params({"alpha": 0.5})
        mlflow.log_metrics({"loss": 0.25, "nan": float("nan")}, step=2)
        mlflow.set_tags({"kind": "linear"})
        mlflow.log_input(mlflow.data.from_pandas(ROWS, name="wine"), context="train", tags={"v": 1})
        mlflow.log_input(model=LoggedModelInput(external.model_id))
        mlflow.log_outputs([LoggedModelOutput(external.model_id, step=1)])
        mlflow.log_image(np.zeros((4, 4), dtype=np.uint8), key="k")
        mlflow.log_table(ROWS, "rows.json")
        mlflow.log_table(ROWS, "rows.json")
        mlflow.log_text("hello", "deep/hello.txt")

    found = mlflow.get_run(run.info.run_id)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "first")
    assert found.info.end_time >= found.info.start_time > 1_700_000_000_000
    assert (found.data.params, found.data.metrics["loss"]) == ({"alpha": "0.5"}, 0.25)
    (dataset,) = found.inputs.dataset_inputs
    assert (dataset.dataset.name, len(dataset.tags)) == ("wine", 2)
    assert [each.model_id for each in found.inputs.model_inputs] == [external.model_id]
    assert [each.step for each in found.outputs.model_outputs] == [1]
    frame = mlflow.search_runs(filter_string="params.alpha = '0.5' and dataset.name = 'wine'")
    assert frame["tags.kind"].tolist() == ["linear"]
    assert len(mlflow.load_table("rows.json")) == 2 * len(ROWS)
    names = {file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)}
    assert names == {"deep", "images", "rows.json"}
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/deep/hello.txt") == "hello"
    client = mlflow.MlflowClient()
    client.log_batch(run.info.run_id, metrics=[Metric("many", step, 0, step) for step in range(2500)])
    assert len(client.get_metric_history(run.info.run_id, "many")) == 2500


def test_logged_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", mlflow.create_experiment("models"))
    first = mlflow.create_external_model("first", params={"depth": 3}, tags={"gone": 1})
    second = mlflow.initialize_logged_model("second")
    mlflow.finalize_logged_model(second.model_id, "FAILED")
    mlflow.set_logged_model_tags(first.model_id, {"team": "red"})
    mlflow.delete_logged_model_tag(first.model_id, "gone")
    mlflow.log_model_params({"leaves": 9}, first.model_id)

    found = mlflow.get_logged_model(first.model_id)
    assert (found.tags["team"], found.params) == ("red", {"depth": "3", "leaves": "9"})
    assert "gone" not in found.tags
    assert mlflow.search_logged_models()["name"].tolist() == ["second", "first"]
    order = [{"field_name": "name", "ascending": True}]
    named = mlflow.search_logged_models(filter_string="name LIKE 'f%'", order_by=order, output_format="list")
    assert [model.model_id for model in named] == [first.model_id]
    mlflow.MlflowClient().delete_logged_model(first.model_id)
    assert len(mlflow.search_logged_models()) == 1


def test_models_are_logged_registered_and_loaded() -> None:
    rows = ROWS[["a"]]
    model = LinearRegression().fit(rows, [1.0, 2.0, 4.0])
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, "model", input_example=rows, registered_model_name="lines")
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("lines", "champion", 1)
    client.transition_model_version_stage("lines", 1, "Staging")
    client.copy_model_version("models:/lines@champion", "curves")

    for uri in ("models:/lines/1", "models:/lines@champion", "models:/lines/Staging", "models:/curves/1"):
        assert list(mlflow.pyfunc.load_model(uri).predict(rows)) == list(model.predict(rows)), uri
    assert client.get_registered_model("lines").aliases == {"champion": "1"}
    assert {found.name for found in mlflow.search_registered_models()} == {"lines", "curves"}


def test_refusals_have_their_classes() -> None:
    client = mlflow.MlflowClient()
    mlflow.create_experiment("taken")
    with pytest.raises(AlreadyExists):
        mlflow.create_experiment("taken")
    with pytest.raises(NotFound):
        client.get_run("0" * 32)
    with pytest.raises(NotFound):
        mlflow.get_logged_model("m-" + "0" * 32)
    with pytest.raises(InvalidInput):
        client.search_runs(["0"], "nonsense >")
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
        with pytest.raises(InvalidInput, match="Changing param values"):
            mlflow.log_param("a", 2)
    mlflow.delete_run(run.info.run_id)
    with pytest.raises(InvalidInput):
        client.log_metric(run.info.run_id, "m", 1)
