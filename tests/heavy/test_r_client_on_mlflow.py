"""The R package's tests of runs, files and the registry, against MLflow's own server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from official_server import mlflow_server

R_TESTS = Path(__file__).parents[2] / "r-package" / "tests" / "testthat"
#: Test files of what that server can do; the others try our commands, or no server at all.
FILES = [
    "artifact-kinds", "artifacts", "cards", "datasets", "experiments", "logging", "model-evaluate",
    "model-log", "registry", "run-context", "runs",
]  # fmt: skip
R_LIMIT_S = 600


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
