"""Logged models and datasets with the official client of MLflow 3, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from official_clients import official_python, run_official
from processes import tracking_server
from r_scripts import rscript

from pycore.tracking import MlflowClient, model_uris

SCRIPT = """
import json
import os

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag


class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None):
        return model_input["x"] * 2


rows = pd.DataFrame({"x": [1.0, 2.5]})
mlflow.set_experiment("iris")
with mlflow.start_run() as run:
    mlflow.log_metric("before", 0.5)
    info = mlflow.pyfunc.log_model(
        name="twice", python_model=Twice(), pip_requirements=[], registered_model_name="twice"
    )
    mlflow.log_metric("after", 0.25, step=2, model_id=info.model_id)
    mlflow.log_input(mlflow.data.from_pandas(rows, name="rows"), context="train")

uris = [info.model_uri, "models:/twice/1", f"runs:/{run.info.run_id}/twice"]
client = MlflowClient()
model = client.get_logged_model(info.model_id)
read = client.get_run(run.info.run_id)
found = mlflow.search_logged_models(
    experiment_ids=[run.info.experiment_id],
    filter_string="metrics.after < 1 AND status = 'READY'",
    order_by=[{"field_name": "metrics.after", "ascending": False}],
    output_format="list",
)
used = client.search_runs([run.info.experiment_id], "dataset.name = 'rows' AND dataset.context = 'train'")
print(json.dumps({
    "run_id": run.info.run_id,
    "model_id": info.model_id,
    "version": info.registered_model_version,
    "predictions": [list(mlflow.pyfunc.load_model(uri).predict(rows)) for uri in uris],
    "status": model.status.name,
    "metrics": {point.key: point.value for point in model.metrics},
    "outputs": [made.model_id for made in read.outputs.model_outputs],
    "datasets": [given.dataset.name for given in read.inputs.dataset_inputs],
    "files": [info.path for info in client.list_artifacts(run.info.run_id, "twice")],
    "found": [model.name for model in found],
    "used": [run.info.run_id for run in used],
    "traces": len(mlflow.search_traces(locations=[run.info.experiment_id])),
}))
"""

LOOK = """
import json
import os
import sys

import mlflow
from mlflow import MlflowClient

run_id = sys.argv[1]
client = MlflowClient()
print(json.dumps({
    "root": [info.path for info in client.list_artifacts(run_id)],
    "model": [info.path for info in client.list_artifacts(run_id, "twice")],
    "by URI": sorted(os.listdir(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/twice"))),
    "whole run": os.listdir(mlflow.artifacts.download_artifacts(run_id=run_id)),
}))
"""

LOOK_IN_R = """
arguments <- commandArgs(trailingOnly = TRUE)
library(crateflow)
mlflow_set_tracking_uri(arguments[[1]])
run_id <- arguments[[2]]
files <- function(uri) list.files(mlflow_download_artifacts(artifact_uri = uri))
root <- suppressMessages(mlflow_list_artifacts(run_id = run_id))$path
model <- suppressMessages(mlflow_list_artifacts("twice", run_id = run_id))$path
cat(jsonlite::toJSON(list(
  root = root, model = model, by_uri = files(paste0("runs:/", run_id, "/twice")),
  version = files("models:/twice/1"),
  whole_run = list.files(mlflow_download_artifacts("", run_id = run_id))
)))
"""

FILES = ["MLmodel", "conda.yaml", "python_env.yaml", "python_model.pkl", "requirements.txt"]


@pytest.fixture(scope="module")
def python() -> Path:
    return official_python("3.17.2", ["pandas"])


def test_a_model_of_mlflow_3_is_logged_found_and_loaded(python: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with tracking_server(tmp_path) as server:
        printed = run_official(python, script, MLFLOW_TRACKING_URI=server.url)
        told = json.loads(printed.splitlines()[-1])
        client = MlflowClient(server.url)
        fetched = model_uris.fetch(f"models:/{told['model_id']}", tmp_path / "fetched", client)
        assert (fetched / "MLmodel").is_file()
        assert client.get_model_version("twice", 1).model_id == told["model_id"]
        check_that_everybody_sees_the_model_in_its_run(server.url, told["run_id"], tmp_path)
    assert told["predictions"] == [[2.0, 5.0]] * 3
    assert (told["status"], told["version"]) == ("READY", "1")
    assert told["metrics"] == {"before": 0.5, "after": 0.25}
    assert told["outputs"] == [told["model_id"]]
    assert told["datasets"] == ["rows"]
    assert "twice/MLmodel" in told["files"]
    assert told["found"] == ["twice"]
    assert told["used"] == [told["run_id"]]
    assert told["traces"] == 0


def check_that_everybody_sees_the_model_in_its_run(url: str, run_id: str, folder: Path) -> None:
    inside = [f"twice/{name}" for name in FILES]
    script = folder / "look.py"
    script.write_text(LOOK)
    for version in ("2.22.5", "3.17.2"):
        python = official_python(version, ["pandas"] if version.startswith("3") else [])
        seen = json.loads(run_official(python, script, run_id, MLFLOW_TRACKING_URI=url).splitlines()[-1])
        assert (seen["root"], seen["model"], seen["whole run"]) == (["twice"], inside, ["twice"]), version
        assert set(FILES) <= set(seen["by URI"]), version
    script = folder / "look.R"
    script.write_text(LOOK_IN_R)
    seen = json.loads(rscript(script, url, run_id))
    assert (seen["root"], sorted(seen["model"]), seen["whole_run"]) == (["twice"], inside, ["twice"])
    assert sorted(seen["by_uri"]) == sorted(seen["version"]) == FILES
    client = MlflowClient(url)
    assert [info.path for info in client.list_artifacts(run_id)] == ["twice"]
    assert [info.path for info in client.list_artifacts(run_id, "twice")] == inside
    ours = model_uris.fetch(f"runs:/{run_id}/twice", folder / "ours", client)
    assert sorted(path.name for path in ours.iterdir()) == FILES
