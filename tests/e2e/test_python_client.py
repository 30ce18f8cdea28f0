"""A script as courses on MLflow print it, against a server and against a database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import tracking_server
from waiting import LIMIT_S

from pycore.tracking import MlflowClient

SCRIPT = """
import pycore
pycore.install_as_mlflow()
import mlflow
import numpy as np
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

rows, classes = load_iris(return_X_y=True, as_frame=True)
log_reg = LogisticRegression(max_iter=500).fit(rows, classes)

mlflow.set_experiment("nyc-taxi-experiment")
for rmse in (6.5, 9.0):
    with mlflow.start_run():
        mlflow.set_tag("developer", "Qfl3x")
        mlflow.log_params({"alpha": np.float64(0.01), "train-data-path": "data/green.parquet"})
        mlflow.log_metric("rmse", rmse)
        signature = mlflow.models.signature.infer_signature(rows, log_reg.predict(rows))
        mlflow.sklearn.log_model(
            log_reg, "model", signature=signature, registered_model_name="churn-model",
            input_example=rows.iloc[:3],
        )

client = MlflowClient()
(best,) = client.search_runs(
    experiment_ids="1",
    filter_string="metrics.rmse < 7",
    run_view_type=ViewType.ACTIVE_ONLY,
    max_results=5,
    order_by=["metrics.rmse ASC"],
)
assert f"{best.data.metrics['rmse']:.4f}" == "6.5000"

version = mlflow.register_model(model_uri=f"runs:/{best.info.run_id}/model", name="churn-model")
assert version.version == 3
client.transition_model_version_stage(name="churn-model", version=3, stage="Production")
client.set_registered_model_alias("churn-model", "champion", 3)
latest = {found.current_stage: found.version for found in client.get_latest_versions(name="churn-model")}
assert latest == {"None": 2, "Production": 3}

for uri in (
    "models:/churn-model/Production", "models:/churn-model@champion", "models:/churn-model/latest",
    f"runs:/{best.info.run_id}/model",
):
    assert (mlflow.pyfunc.load_model(uri).predict(rows) == log_reg.predict(rows)).all()
    assert (mlflow.sklearn.load_model(uri).predict_proba(rows) == log_reg.predict_proba(rows)).all()

try:
    client.delete_registered_model(name="churn-model")
except mlflow.exceptions.MlflowException as error:
    assert "3 (Production)" in error.message, error.message
else:
    raise AssertionError("a model in Production was deleted")
"""


@pytest.fixture(params=["database", "server"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "database":
        yield f"sqlite:///{tmp_path / 'mlflow.db'}"
    else:
        with tracking_server(tmp_path) as server:
            yield server.url


def test_a_script_of_a_course_runs_as_printed(uri: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}

    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=tmp_path,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for run in MlflowClient(uri).search_runs("1"):
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.source.name"] == str(script)
        files = [info.path for info in MlflowClient(uri).list_artifacts(run.info.run_id, "model")]
        assert {"model/MLmodel", "model/model.pkl", "model/input_example.json"} <= set(files)
