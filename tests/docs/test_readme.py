"""The README's examples run as printed, one after the other, as a new user would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import processes
import pytest
import requests
from waiting import LIMIT_S

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)


def blocks(language: str) -> str:
    found = [code for name, code in BLOCK.findall((ROOT / "README.md").read_text()) if name == language]
    assert found, f"the README has no {language} block to run"
    return "\n".join(found)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    """A tracking server for the module, with the R example already run on it."""
    folder = tmp_path_factory.mktemp("readme")
    with processes.tracking_server(folder) as server:
        code = blocks("r").replace("http://127.0.0.1:5000", server.url)
        run("Rscript", "--vanilla", "-e", code, cwd=folder)
        yield server


def run(*command: str, cwd: Path, **environment: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_r_example_registers_a_model_in_production(tracking):
    reply = requests.get(
        f"{tracking.url}/api/2.0/mlflow/model-versions/get",
        params={"name": "iris-lm", "version": "1"},
        timeout=LIMIT_S,
    )
    assert reply.json()["model_version"]["current_stage"] == "Production"


def test_the_python_example_scores_the_r_model(tracking, tmp_path):
    code = blocks("python").replace("http://127.0.0.1:5000", tracking.url)
    printed = run(sys.executable, "-c", code + "\nprint(*scores)", cwd=tmp_path)
    assert [round(float(score), 6) for score in printed.split()] == [3.084769, 3.047638]


def test_the_rest_example_scores_the_r_model(tracking, tmp_path):
    command, curl = blocks("sh").split("&\n")
    arguments = command.split()[1:-2]  # without `crateflow` and `-p 5001`
    log = tmp_path / "scoring.log"
    with processes.server([*arguments, "-p", "0"], log, {"MLFLOW_TRACKING_URI": tracking.url}) as server:
        printed = run("bash", "-c", curl.replace("http://127.0.0.1:5001", server.url), cwd=tmp_path)
    assert re.fullmatch(r'\{"predictions": \[3\.0847\d+, 3\.0476\d+\]\}', printed)
