import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from tracked import Tracked

import pycore as mlflow


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


def save(path: Path, *, example: bool) -> Path:
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    model = LinearRegression().fit(rows, 2 * rows["x"])
    mlflow.sklearn.save_model(model, path, input_example=rows if example else None)
    return path


def test_a_model_that_scores_its_example(tracked: Tracked, tmp_path: Path) -> None:
    result = tracked.run("models", "check", "-m", save(tmp_path / "model", example=True))

    assert result.exit_code == 0, result.stderr
    assert np.allclose(json.loads(result.stdout)["predictions"], [2, 4, 6])
    assert "The model loads. Its flavors are python_function, sklearn." in result.stderr


def test_a_model_without_example(tracked: Tracked, tmp_path: Path) -> None:
    result = tracked.run("models", "check", "-m", save(tmp_path / "model", example=False))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no input example, so nothing was scored" in result.stderr


def test_a_model_that_does_not_load(tracked: Tracked, tmp_path: Path) -> None:
    path = save(tmp_path / "model", example=True)
    (path / "model.pkl").write_bytes(b"no pickle")

    result = tracked.run("models", "check", "-m", path)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "model.pkl" in result.stderr


def test_no_model(tracked: Tracked, tmp_path: Path) -> None:
    result = tracked.run("models", "check", "-m", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "nothing" in result.stderr
