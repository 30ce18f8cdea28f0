"""The scripts of a course on tracking, tuning and autologging, against a server and a database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import tracking_server
from waiting import LIMIT_S

PRELUDE = """
import pycore
pycore.install_as_mlflow()
import numpy as np
import pandas as pd
import pickle
import xgboost as xgb
import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.metrics import root_mean_squared_error

rows, target = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_val, y_train, y_val = rows[:300], rows[300:], target[:300], target[300:]
train, valid = xgb.DMatrix(X_train, y_train), xgb.DMatrix(X_val, y_val)
client = MlflowClient(tracking_uri=mlflow.get_tracking_uri())
"""

TUNING = """
client.create_experiment("nyc-taxi-experiment")
mlflow.set_experiment("nyc-taxi-experiment")

with mlflow.start_run():
    mlflow.set_tag("developer", "Qfl3x")
    mlflow.log_param("train-data-path", "data/green_tripdata_2021-01.parquet")
    mlflow.log_param("valid-data-path", "data/green_tripdata_2021-02.parquet")
    alpha = 0.01
    mlflow.log_param("alpha", alpha)
    lr = Lasso(alpha).fit(X_train, y_train)
    mlflow.log_metric("rmse", root_mean_squared_error(y_val, lr.predict(X_val)))

def objective(params):
    with mlflow.start_run():
        mlflow.set_tag("model", "xgboost")
        mlflow.log_params(params)
        booster = xgb.train(
            params=params, dtrain=train, num_boost_round=10, evals=[(valid, "validation")],
            early_stopping_rounds=5, verbose_eval=False,
        )
        rmse = root_mean_squared_error(y_val, booster.predict(valid))
        mlflow.log_metric("rmse", rmse)
        mlflow.xgboost.log_model(booster, artifact_path="models")
    return rmse

random = np.random.default_rng(42)
for _ in range(5):
    objective({
        "max_depth": int(random.integers(2, 6)), "learning_rate": np.exp(random.uniform(-3, 0)),
        "objective": "reg:squarederror", "seed": 42, "nthread": 1,
    })

runs = client.search_runs(
    experiment_ids="1", filter_string="metrics.rmse < 700 and tags.model = 'xgboost'",
    run_view_type=ViewType.ACTIVE_ONLY, max_results=5, order_by=["metrics.rmse ASC"],
)
assert len(runs) == 5
printed = [f"run id: {run.info.run_id}, rmse: {run.data.metrics['rmse']:.4f}" for run in runs]
assert [run.data.metrics["rmse"] for run in runs] == sorted(run.data.metrics["rmse"] for run in runs)

run_id = runs[0].info.run_id
booster = mlflow.xgboost.load_model(f"runs:/{run_id}/models")
assert isinstance(booster, xgb.Booster) and booster.get_fscore()
loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/models")
from scipy.sparse import csr_matrix
for data in (X_val, X_val.to_numpy(), csr_matrix(X_val)):
    assert np.array_equal(loaded.predict(data), booster.predict(valid))

for _ in range(4):
    mlflow.register_model(model_uri=f"runs:/{run_id}/models", name="nyc-taxi-regressor")
client.transition_model_version_stage(
    name="nyc-taxi-regressor", version=4, stage="Staging", archive_existing_versions=False
)
from datetime import datetime
client.update_model_version(
    name="nyc-taxi-regressor", version=4,
    description=f"The model version 4 was transitioned to Staging on {datetime.today().date()}",
)
latest = {v.current_stage: v.version for v in client.get_latest_versions(name="nyc-taxi-regressor")}
assert latest == {"None": "3", "Staging": "4"}, latest
"""

AUTOLOGGING = """
mlflow.set_experiment("autologged")
before = xgb.train({"nthread": 1}, train, 2)
assert not client.search_runs("1")

SWITCH
xgb.train({"max_depth": 3, "nthread": 1}, train, 3, evals=[(valid, "validation")], verbose_eval=False)
(run,) = client.search_runs("1")
assert run.data.params["max_depth"] == "3"
assert [point.step for point in client.get_metric_history(run.info.run_id, "validation-rmse")] == [0, 1, 2]
files = {info.path for info in client.list_artifacts(run.info.run_id, "model")}
assert files >= {
    "model/MLmodel", "model/conda.yaml", "model/requirements.txt", "model/python_env.yaml", "model/model.ubj",
}, files

with mlflow.start_run() as other:
    with open("vectorizer.pkl", "wb") as f_out:
        pickle.dump({"a": 1}, f_out)
    mlflow.log_artifact("vectorizer.pkl", artifact_path="extra_artifacts")
(found,) = client.list_artifacts(other.info.run_id, "extra_artifacts")
assert found.path == "extra_artifacts/vectorizer.pkl"
"""


@pytest.fixture(params=["database", "server"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "database":
        yield "sqlite:///mlflow.db"
    else:
        with tracking_server(tmp_path) as server:
            yield server.url


@pytest.mark.parametrize(
    "script",
    [
        TUNING,
        AUTOLOGGING.replace("SWITCH", "mlflow.autolog()"),
        AUTOLOGGING.replace("SWITCH", "mlflow.xgboost.autolog()"),
    ],
    ids=["tuning", "autolog", "xgboost-autolog"],
)
def test_the_scripts_run_as_printed(uri: str, tmp_path: Path, script: str) -> None:
    file = tmp_path / "script.py"
    file.write_text(PRELUDE + script)
    done = subprocess.run(
        [sys.executable, "-W", "error", file],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_TRACKING_URI": uri},
        check=False,
    )
    assert done.returncode == 0, done.stderr
