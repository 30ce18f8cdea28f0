import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import live_server

import pycore
from pycore.tracking import chosen_experiments


@pytest.fixture(autouse=True)
def fresh_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is set before a test, and nothing stays after it."""
    monkeypatch.chdir(tmp_path)
    # A port may come back in a later test.
    monkeypatch.setattr(chosen_experiments, "_ids", {})
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_TRACKING_URI")}
    yield
    while pycore.active_run():
        pycore.end_run()
    pycore.clear_active_model()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=["database", "server"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A tracking URI with nothing tracked, in force: each test runs in process and over HTTP."""
    if request.param == "database":
        found = f"sqlite:///{tmp_path / 'mlflow.db'}"
        pycore.set_tracking_uri(found)
        yield found
        return
    with live_server(tmp_path) as found:
        pycore.set_tracking_uri(found)
        yield found
        # While the server still answers.
        while pycore.active_run():
            pycore.end_run()
