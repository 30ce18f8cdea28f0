"""The R package's tests of runs, files and the registry, against MLflow's own server."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from official_clients import official_python
from waiting import until

VERSION = "3.17.2"
#: What its server imports beyond what its small package brings.
SERVER_NEEDS = [
    "aiohttp", "alembic", "cryptography", "flask", "flask-cors", "graphene", "huey", "pandas", "sqlalchemy"
]  # fmt: skip
R_TESTS = Path(__file__).parents[2] / "r-package" / "tests" / "testthat"
#: Test files of what that server can do; the others try our commands, or no server at all.
FILES = [
    "artifact-kinds", "artifacts", "cards", "datasets", "experiments", "logging", "model-evaluate",
    "model-log", "registry", "run-context", "runs",
]  # fmt: skip
R_LIMIT_S = 600


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = official_python(VERSION, SERVER_NEEDS).parent / "mlflow"
    arguments = [
        "server",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{folder}/m.db",
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments, "--artifacts-destination", folder / "artifacts"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: answers(url), within_s=120)
        yield url
    finally:
        # Its workers are processes of their own.
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


def test_the_r_client_passes_its_own_tests(url: str) -> None:
    files = f"^({'|'.join(FILES)})$"
    code = (
        f"testthat::test_dir('.', filter = '{files}', package = 'crateflow', load_package = 'installed', "
        "reporter = 'summary', stop_on_failure = TRUE)"
    )
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code],
        cwd=R_TESTS,
        env={**os.environ, "CRATEFLOW_TEST_SERVER": url, "NOT_CRAN": "true"},
        capture_output=True,
        text=True,
        timeout=R_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
