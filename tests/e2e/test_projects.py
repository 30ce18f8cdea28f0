"""Projects in Python and in R, run by the command against a server."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import CRATEFLOW, Server, tracking_server
from waiting import LIMIT_S

from pycore.tracking import MlflowClient

R_SCRIPT = """
library(crateflow)
alpha <- mlflow_param("alpha", 0.1)
rows <- mlflow_param("max-rows", 150L)
with(run <- mlflow_start_run(), {
  fit <- lm(Sepal.Width ~ Sepal.Length, data = head(iris, rows))
  mlflow_log_metric("rmse", sqrt(mean(residuals(fit)^2)))
  mlflow_log_metric("twice_alpha", 2 * alpha)
  mlflow_log_model(crate(function(x) stats::predict(fit, newdata = x), fit = fit), "model")
})
cat("trained with", alpha, "\\n")
"""
PYTHON_SCRIPT = """
import sys

import pycore as mlflow

data, alpha = sys.argv[1:]
with mlflow.start_run():
    mlflow.log_metric("rows", len(open(data).readlines()))
    mlflow.log_metric("twice_alpha", 2 * float(alpha))
print("trained")
"""
ML_PROJECT = """
name: irises
entry_points:
  main:
    parameters:
      data: path
      alpha: {type: float, default: 0.5}
    command: "python train.py {data} {alpha}"
  in-r:
    parameters:
      alpha: {type: float, default: 0.5}
    command: "Rscript -e 'crateflow::mlflow_source(\\"train.R\\")' --args --alpha {alpha}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tracking_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "irises in R and Python"
    folder.mkdir()
    (folder / "MLproject").write_text(ML_PROJECT)
    (folder / "train.R").write_text(R_SCRIPT)
    (folder / "train.py").write_text(PYTHON_SCRIPT)
    return folder


def crateflow_run(server: Server, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CRATEFLOW, "run", *map(str, arguments)],
        env={**os.environ, "MLFLOW_TRACKING_URI": server.url},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def run_id_of(done: subprocess.CompletedProcess[str], ended: str) -> str:
    line = done.stderr.splitlines()[-1 if ended == "succeeded" else -2]
    assert line.startswith("=== Run (ID '"), done.stderr
    assert line.endswith(f"') {ended} ==="), done.stderr
    return line.split("'")[1]


@pytest.mark.parametrize("entry_point", ["train.R", "in-r"])
def test_an_r_project(server: Server, project: Path, entry_point: str) -> None:
    done = crateflow_run(server, project, "-e", entry_point, "-P", "alpha=0.2", "--experiment-name", "in R")

    run = MlflowClient(server.url).get_run(run_id_of(done, "succeeded"))
    assert done.returncode == 0
    assert done.stdout == "trained with 0.2 \n"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"alpha": "0.2"}
    assert run.data.metrics["twice_alpha"] == 0.4
    assert run.data.metrics["rmse"] == pytest.approx(0.431398, abs=1e-6)
    assert (run.data.tags["mlflow.source.type"], run.data.tags["mlflow.project.entryPoint"]) == (
        "PROJECT",
        entry_point,
    )
    files = {file.path for file in MlflowClient(server.url).list_artifacts(run.info.run_id, "model")}
    assert {"model/MLmodel", "model/crate.bin"} <= files


def test_an_r_script_that_fails(server: Server, project: Path) -> None:
    (project / "train.R").write_text("library(crateflow)\nmlflow_log_param('a', 1)\nstop('no irises')")

    done = crateflow_run(server, project, "-e", "train.R")

    run = MlflowClient(server.url).get_run(run_id_of(done, "failed"))
    assert done.returncode == 1
    assert (run.info.status, run.data.params) == ("FAILED", {"a": "1"})
    assert run.data.tags["crateflow.project.exitStatus"] == "1"
    assert "no irises" in run.data.tags["crateflow.project.outputTail"]


def test_a_python_project_of_a_git_tag(server: Server, project: Path) -> None:
    for command in ("init --quiet", "add .", "-c user.name=t -c user.email=t@x.org commit -qm 1", "tag v1"):
        subprocess.run(["git", "-C", str(project), *command.split()], check=True)
    (project / "train.py").write_text("raise SystemExit('this is not v1')")
    client = MlflowClient(server.url)
    source = client.create_run("0").info.run_id
    client.log_text(source, "5.1\n4.9\n", "irises.csv")

    done = crateflow_run(server, project.as_uri(), "-v", "v1", "-P", f"data=runs:/{source}/irises.csv")

    run = client.get_run(run_id_of(done, "succeeded"))
    assert done.stdout == "trained\n"
    assert run.data.metrics == {"rows": 2.0, "twice_alpha": 1.0}
    assert run.data.params == {"alpha": "0.5", "data": f"runs:/{source}/irises.csv"}
    head = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "v1"], capture_output=True, text=True
    ).stdout
    assert run.data.tags["mlflow.source.git.commit"] == head.strip()
    assert run.data.tags["mlflow.source.git.branch"] == "v1"
