"""A course module on packaging a model: logged with signature and example, registered, served, asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests
from processes import scoring_server, tracking_server
from waiting import LIMIT_S

COLUMNS = [
    "gender", "senior", "partner", "dependents", "tenure", "phone", "lines", "security", "backup",
    "monthly", "total",
]  # fmt: skip

TRAINING = """
import pycore
pycore.install_as_mlflow()
import numpy as np
import pandas as pd
import mlflow
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
X_train = pd.DataFrame(random.integers(0, 2, (60, 11)), columns=COLUMNS).astype(
    {"monthly": "float64", "total": "float64"}
)
X_train["monthly"] += random.uniform(0, 100, 60)
y_train = (X_train["monthly"] > 60).astype(int)

with mlflow.start_run() as run:
    log_reg = LogisticRegression(max_iter=1000).fit(X_train, y_train)
    signature = mlflow.models.signature.infer_signature(X_train, log_reg.predict(X_train))
    mlflow.sklearn.log_model(
        log_reg,
        "model",
        signature=signature,
        registered_model_name="churn-model",
        input_example=X_train.iloc[:3],
    )
    mlflow.sklearn.log_model(log_reg, "unregistered")
print(run.info.run_id)
"""

REGISTERING = """
import sys
import pycore as mlflow
print(mlflow.register_model(f"runs:/{sys.argv[1]}/model", "churn-model").version)
print([model.name for model in mlflow.search_registered_models()])
print([version.run_id for version in mlflow.search_model_versions(filter_string="name='churn-model'")])
"""


def run(script: str, folder: Path, url: str, *arguments: str) -> list[str]:
    file = folder / "script.py"
    file.write_text(script)
    done = subprocess.run(
        [sys.executable, "-W", "error", file, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=folder,
        env={**os.environ, "MLFLOW_TRACKING_URI": url},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_scripts_run_and_the_server_answers_as_printed(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as server:
        first, second = (run(f"COLUMNS = {COLUMNS}\n{TRAINING}", tmp_path, server.url)[-1] for _ in range(2))
        version, models, run_ids = run(REGISTERING, tmp_path, server.url, first)[-3:]
        assert (version, models) == ("3", "['churn-model']")
        assert sorted(eval(run_ids)) == sorted([first, second, first])
        environment = {"MLFLOW_TRACKING_URI": server.url}
        with scoring_server("models:/churn-model/1", tmp_path, environment=environment) as scorer:
            answer = requests.post(
                f"{scorer.url}/invocations",
                json={
                    "dataframe_split": {
                        "index": [0, 1],
                        "columns": COLUMNS,
                        "data": [
                            [0, 0, 1, 1, 1, 1, 0, 0, 1, 20.5, 0.1],
                            [1, 1, 0, 0, 1, 0, 1, 0, 0, 31, 1],
                        ],
                    }
                },
                timeout=LIMIT_S,
            )
            printed = [f"Status code: {answer.status_code}", f"Response: {answer.text}"]
    assert printed == ["Status code: 200", 'Response: {"predictions": [0, 0]}']
