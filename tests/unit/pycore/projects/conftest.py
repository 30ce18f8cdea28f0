import os
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.tracking import chosen_experiments


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The caller's folder, with a tracking database of its own; not that of any project."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(chosen_experiments, "_ids", {})
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'tracked.db'}")
    return folder


@pytest.fixture
def client() -> mlflow.MlflowClient:
    return mlflow.MlflowClient()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "the project"
    folder.mkdir()
    return folder
