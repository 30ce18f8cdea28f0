"""What a course module on models shows: folders, flavors, the class Model, the command line's models."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sklearn
from processes import CRATEFLOW, tracking_server
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from waiting import LIMIT_S

SCRIPT = """
import pycore
pycore.install_as_mlflow()
import mlflow
import numpy as np
from pathlib import Path
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True, as_frame=True)
lr = Pipeline([("scaler", StandardScaler()), ("lr", LogisticRegression())]).fit(X, y)

# A folder with at least MLmodel, and pickled model.
mlflow.sklearn.save_model(lr, "my_model")
assert {"MLmodel", "model.pkl"} <= {file.name for file in Path("my_model").iterdir()}

# Back as what it was, and as a function.
model = mlflow.sklearn.load_model("my_model")
assert isinstance(model, Pipeline)
assert np.array_equal(mlflow.pyfunc.load_model("my_model").predict(X), lr.predict(X))

# Saved, logged, and loaded from a run.
with mlflow.start_run() as run:
    mlflow.sklearn.log_model(lr, "artifact_path")
model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/artifact_path")
assert np.array_equal(model.predict(X), lr.predict(X))

# Every flavor has the three functions.
for flavor in ("pyfunc", "sklearn", "xgboost", "lightgbm", "statsmodels", "onnx"):
    found = getattr(mlflow, flavor)
    assert callable(found.load_model) and callable(found.save_model) and callable(found.log_model)

# The class: a flavor of one's own, with values as YAML has them.
from mlflow.models import Model

own = Model()
own.add_flavor("my_flavor", data="tree.json", depth=3, levels=["a", "b"], nested={"x": [1, {"y": None}]})
own.add_flavor("other", {"version": 0.1})
Path("own_model").mkdir()
own.save("own_model/MLmodel")
loaded = Model.load("own_model/MLmodel")
assert loaded.flavors == {
    "my_flavor": {"data": "tree.json", "depth": 3, "levels": ["a", "b"], "nested": {"x": [1, {"y": None}]}},
    "other": {"version": 0.1},
}
assert Model.load("own_model").flavors == loaded.flavors

class MyFlavor:
    @staticmethod
    def save_model(path, mlflow_model, text):
        Path(path).mkdir()
        Path(path, "text.txt").write_text(text)
        mlflow_model.add_flavor("my_flavor", data="text.txt")
        mlflow_model.save(Path(path, "MLmodel"))

with mlflow.start_run() as run:
    Model.log(artifact_path="mine", flavor=MyFlavor, text="hello")
folder = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/mine")
assert Path(folder, "text.txt").read_text() == "hello"
logged = Model.load(folder)
assert logged.flavors["my_flavor"] == {"data": "text.txt"}
assert (logged.run_id, logged.artifact_path) == (run.info.run_id, "mine")
"""

ML_MODEL = """
{optional}flavors:
  python_function:
    data: model.pkl
    env: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.8.5
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: {version}
"""
OPTIONAL = """artifact_path: model
run_id: 4cd62f5ee6a145dba5a3a8b6d1dd1e25
utc_time_created: '2022-02-08 14:38:12.338186'
"""


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    with tracking_server(tmp_path) as server:
        yield server.url


def test_the_script_runs_as_printed(uri: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "script.py"],
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def written_by_hand(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder as MLflow 1 wrote it, with or without what is optional."""
    rows = pd.DataFrame({"a": [1, 4], "b": [2, 5], "c": [3, 6]})
    model = Pipeline([("scaler", StandardScaler()), ("lr", LogisticRegression())]).fit(rows, [0, 1])
    folder = tmp_path / "my_model"
    folder.mkdir()
    text = ML_MODEL.format(optional=request.param, version=sklearn.__version__)
    (folder / "MLmodel").write_text(text)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    (folder / "conda.yaml").write_text(
        "name: mlflow-env\nchannels: [conda-forge]\ndependencies: [python=3.8.5]\n"
    )
    return folder


@pytest.mark.parametrize("written_by_hand", ["", OPTIONAL], indirect=True, ids=["least", "all"])
def test_a_file_is_scored_with_a_folder_written_by_hand(written_by_hand: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('{"columns": ["a", "b", "c"], "data": [[1, 2, 3], [4, 5, 6]]}')
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    for kind in ("json", "csv"):
        arguments = [
            "-m",
            written_by_hand,
            "-i",
            tmp_path / f"rows.{kind}",
            "-o",
            tmp_path / "scores.json",
            "-t",
            kind,
        ]
        subprocess.run(
            [CRATEFLOW, "models", "predict", *arguments], check=True, timeout=LIMIT_S, capture_output=True
        )
        scores = json.loads((tmp_path / "scores.json").read_text())
        assert scores in ({"predictions": [0, 1]}, [0, 1])


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ([], ["serve", "predict"]),
        (["serve"], ["--model-uri", "--port", "--host", "--timeout", "--workers", "--env-manager"]),
        (["predict"], ["--model-uri", "--input-path", "--output-path", "--content-type", "--env-manager"]),
    ],
)
def test_help_lists_what_there_is(verb: list[str], options: list[str]) -> None:
    done = subprocess.run([CRATEFLOW, "models", *verb, "--help"], capture_output=True, text=True, check=True)
    assert [option for option in options if option not in done.stdout] == []
