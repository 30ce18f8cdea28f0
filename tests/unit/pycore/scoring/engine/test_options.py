"""Options come from the settings and survive a command line."""

from pathlib import Path

import pytest

from pycore.scoring.engine import sandbox
from pycore.scoring.engine.options import EngineOptions


def test_options_travel_as_text():
    options = EngineOptions(Path("/m ö"), 3, 1.5, memory_mb=100, variables={"R_LIBS": "/r ö"})
    assert EngineOptions.from_json(options.to_json()) == options


def test_defaults_are_the_settings(monkeypatch):
    monkeypatch.setenv("MLFLOW_MODELS_WORKERS", "7")
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "9")
    monkeypatch.setenv("CRATEFLOW_WORKER_MEMORY_MB", "500")
    monkeypatch.setenv("CRATEFLOW_QUEUE_REQUESTS", "5")
    monkeypatch.setenv("CRATEFLOW_BATCH_ROWS", "6")
    monkeypatch.setenv("CRATEFLOW_WORKER_REQUESTS", "8")
    assert EngineOptions(Path("m")) == EngineOptions(Path("m"), 7, 9, 500, 5, 6, 8)


def test_by_default_there_is_a_worker_for_each_processor(monkeypatch):
    monkeypatch.delenv("MLFLOW_MODELS_WORKERS", raising=False)
    assert EngineOptions(Path("m")).workers >= 1


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "GITHUB_TOKEN"])
def test_credentials_do_not_reach_models(name):
    assert name not in sandbox.environment({name: "secret", "PATH": "/bin"})


def test_what_models_need_reaches_them(monkeypatch):
    monkeypatch.setenv("CRATEFLOW_MODEL_ENV", "FEATURES, OTHER")
    outer = {"PATH": "/bin", "R_LIBS": "/r", "FEATURES": "x", "LC_ALL": "C", "TZ": "Europe/Paris"}
    inner = sandbox.environment(outer)
    assert (inner["PATH"], inner["R_LIBS"], inner["FEATURES"]) == ("/bin", "/r", "x")
    assert (inner["LC_ALL"], inner["TZ"], inner["OPENBLAS_NUM_THREADS"]) == ("C.UTF-8", "UTC", "1")
