"""The document and the notebook in R and Python log each run from both languages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live_server import live_server
from waiting import LIMIT_S

from pycore.tracking.mlflow_client import MlflowClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "mixed-notebook"

#: Executes a copy of the notebook in its own folder, as `jupyter execute` does.
EXECUTE = f"""
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout={LIMIT_S}, startup_timeout={LIMIT_S}).execute()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("server")) as url:
        yield url


def execute(command, folder, url):
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": url,
        "RETICULATE_PYTHON": sys.executable,
        "IPYTHONDIR": str(folder),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


def the_run(url, name):
    client = MlflowClient(url)
    experiment = client.get_experiment_by_name("irises-in-two-languages")
    found = client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}'")
    assert len(found) == 1, "a run of each language is not one shared run"
    return found[0]


def test_r_shares_a_run_with_the_python_of_its_document(tmp_path, url):
    source = shutil.copy(EXAMPLE / "irises.Rmd", tmp_path)
    knit = f"knitr::opts_chunk$set(error = FALSE); knitr::knit('{source}', quiet = TRUE)"

    execute(["Rscript", "--vanilla", "-e", knit], tmp_path, url)

    run = the_run(url, "R and Python")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"r_formula": "Sepal.Width ~ Sepal.Length + Species", "python_trees": "20"}
    assert run.data.metrics.keys() == {"r_rmse", "python_rmse"}
    files = {file.path for file in MlflowClient(url).list_artifacts(run.info.run_id)}
    assert files == {"linear", "forest"}
    assert "python_rmse" in (tmp_path / "irises.md").read_text()


def test_a_notebook_shares_runs_in_both_directions(tmp_path, url):
    source = shutil.copy(EXAMPLE / "irises.ipynb", tmp_path)

    execute([sys.executable, "-c", EXECUTE, source], tmp_path, url)

    run = the_run(url, "from Python")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"r_formula": "Sepal.Width ~ Sepal.Length + Species", "python_trees": "20"}
    assert run.data.metrics.keys() == {"r_rmse", "python_rmse"}
    run = the_run(url, "from R")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"r_formula": "Sepal.Width ~ 1", "python_trees": "0"}
