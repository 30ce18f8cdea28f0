"""Model folders of every generation of MLflow load here, and ours load in MLflow."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from official_clients import official_python, run_official
from sklearn.linear_model import LinearRegression

import pycore as mlflow
from pycore.models.signature import infer_signature

HERE = Path(__file__).parent
SCRIPT = HERE / "official_models.py"
ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.5, 4.0], "b": [0.5, -1.0, 2.0, 8.0]})
#: A pickle is read by the version that wrote it.
LIBRARIES = ("pandas", f"scikit-learn=={version('scikit-learn')}")
# MLflow 1 uses what newer versions of setuptools no longer have.
ENVIRONMENTS = {
    "1.30.1": [*LIBRARIES, "setuptools==65.5.0"],
    "2.22.5": [*LIBRARIES, "lightgbm", "xgboost-cpu"],
    "3.17.2": [*LIBRARIES, "skops"],
}


@pytest.mark.parametrize(
    ("of", "libraries"),
    [
        ("1.30.1", ["pyfunc", "sklearn"]),
        ("2.22.5", ["pyfunc", "sklearn", "xgboost", "lightgbm"]),
        ("3.17.2", ["pyfunc", "sklearn"]),
    ],
)
def test_models_of_mlflow_load_here(of: str, libraries: list[str], tmp_path: Path) -> None:
    printed = run_official(official_python(of, ENVIRONMENTS[of]), SCRIPT, "save", str(tmp_path), *libraries)
    told = json.loads(printed.splitlines()[-1])

    for library in libraries:
        model = mlflow.pyfunc.load_model(tmp_path / library)
        assert model.metadata.mlflow_version == of
        assert list(model.predict(ROWS)) == told[library], library
        # Of the columns of the signature, in any order.
        assert list(model.predict(ROWS[["b", "a"]].assign(c=0))) == told[library], library
        if library != "pyfunc":
            native = getattr(mlflow, library).load_model(tmp_path / library)
            assert hasattr(native, "predict")


def test_our_models_load_in_mlflow(tmp_path: Path) -> None:
    expected = {}
    regression = LinearRegression().fit(ROWS, [1.0, 2.0, 3.0, 9.0])
    expected["sklearn"] = regression.predict(ROWS).tolist()
    signature = infer_signature(ROWS, regression.predict(ROWS))
    mlflow.sklearn.save_model(regression, tmp_path / "sklearn", signature=signature, input_example=ROWS[:1])
    python = official_python("3.17.2", ENVIRONMENTS["3.17.2"])

    def predictions(*names: str, **environment: str) -> dict[str, list[float]]:
        printed = run_official(python, SCRIPT, "load", str(tmp_path), *names, **environment)
        told: dict[str, list[float]] = json.loads(printed.splitlines()[-1])
        return told

    # Nothing of ours is needed for a model of a library.
    assert predictions("sklearn") == expected

    mlflow.pyfunc.save_model(
        tmp_path / "pyfunc", python_model=lambda rows: rows["a"] / 2, signature=signature
    )
    shutil.copytree(HERE.parent / "data/models/written-by-r/linear", tmp_path / "crate")
    rows, of_r = read_reference(tmp_path / "crate" / "reference.csv")
    (tmp_path / "crate.json").write_text(json.dumps(rows))
    beside = os.pathsep.join([str(HERE.parents[1]), sysconfig.get_path("purelib")])
    told = predictions("pyfunc", "crate", BESIDE=beside)
    assert told == {"pyfunc": (ROWS["a"] / 2).tolist(), "crate": of_r}


def read_reference(file: Path) -> tuple[dict[str, list[object]], list[float]]:
    """Return the columns and the predictions that R wrote, numbers as hexadecimal texts."""
    with file.open(newline="", encoding="utf-8") as stream:
        records = list(csv.DictReader(stream))
    columns: dict[str, list[object]] = {
        name: [float.fromhex(record[name]) if "0x" in record[name] else record[name] for record in records]
        for name in records[0]
    }
    predictions = [float(str(value)) for value in columns.pop("prediction")]
    return columns, predictions
