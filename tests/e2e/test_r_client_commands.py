"""The commands that MLflow's R client runs, word for word, and what it reads from their output.

With MLFLOW_BIN set to crateflow its calls on artifacts, servers and projects end up here.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from processes import CRATEFLOW, Server, server
from waiting import LIMIT_S

from pycore.tracking import MlflowClient


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as ``mlflow_server()`` starts it: the port is given twice."""
    folder = tmp_path_factory.mktemp("r-client")
    arguments = ["--port", "0", "--backend-store-uri", str(folder / "mlruns"), "--host", "127.0.0.1"]
    arguments += ["--port", "0", "--no-serve-artifacts", "--workers", "4"]
    before = Path.cwd()
    os.chdir(folder)
    try:
        with server(["server", *arguments], folder / "server.log") as running:
            yield running
    finally:
        os.chdir(before)


@pytest.fixture
def run_id(store: Server) -> str:
    client = MlflowClient(store.url)
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "flavors: {}", "model/MLmodel")
    return run_id


def command(store: Server, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CRATEFLOW, *map(str, arguments)],
        env={**os.environ, "MLFLOW_TRACKING_URI": store.url},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def path_in(output: str) -> str:
    """Return the path that the client takes from an output: all lines but the first of many, or the one."""
    lines = output.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    return "".join(lines[1:] if len(lines) > 1 else lines)


def test_the_server_is_found_to_be_up(store: Server) -> None:
    reply = requests.post(
        f"{store.url}/api/2.0/mlflow/experiments/search", json={"max_results": "1"}, timeout=LIMIT_S
    )
    assert (reply.status_code, len(reply.json()["experiments"])) == (200, 1)


def test_a_file_is_logged(store: Server, run_id: str, tmp_path: Path) -> None:
    file = tmp_path / "session info.txt"
    file.write_text("R 4.2.2")

    into_root = command(store, "artifacts", "log-artifact", "--local-file", file, "--run-id", run_id)
    words = ["--local-file", file, "--artifact-path", "notes", "--run-id", run_id]
    into_folder = command(store, "artifacts", "log-artifact", *words)

    for done, place in ((into_root, "None"), (into_folder, "notes")):
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"Logged artifact from local file {file} to artifact_path={place}\n"
    found = {info.path for info in MlflowClient(store.url).list_artifacts(run_id)}
    assert found == {"model", "notes", "session info.txt"}


def test_what_is_in_a_folder_is_logged(store: Server, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "fit.png").write_bytes(b"\x89PNG")
    words = ["--local-dir", tmp_path / "plots", "--artifact-path", "figures", "--run-id", run_id]

    done = command(store, "artifacts", "log-artifacts", *words)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Logged artifact from local dir {tmp_path}/plots to artifact_path=figures\n"
    found = [info.path for info in MlflowClient(store.url).list_artifacts(run_id, "figures")]
    assert found == ["figures/fit.png"]


@pytest.mark.parametrize("path", ["model", "model/MLmodel"])
def test_artifacts_of_a_run_are_downloaded(store: Server, run_id: str, path: str) -> None:
    done = command(store, "artifacts", "download", "--run-id", run_id, "-a", path)

    found = Path(done.stdout.replace("\n", ""))
    assert (done.returncode, done.stderr) == (0, "")
    assert (found / "MLmodel" if path == "model" else found).read_text() == "flavors: {}"


def test_a_uri_is_downloaded(store: Server, run_id: str) -> None:
    done = command(store, "artifacts", "download", "-u", f"runs:/{run_id}/model")

    assert done.returncode == 0
    assert Path(path_in(done.stdout), "MLmodel").read_text() == "flavors: {}"
    assert done.stdout.count("\n") == 1


def test_what_is_not_there_is_told_by_the_word_that_is_looked_for(store: Server, run_id: str) -> None:
    done = command(store, "artifacts", "download", "--run-id", run_id, "-a", "nothing")

    (line,) = [line for line in done.stderr.splitlines() if "FileNotFoundError" in line]
    assert (done.returncode, done.stdout) == (1, "")
    assert line.partition("FileNotFoundError: ")[2] == "No such artifact: 'nothing'."


@pytest.mark.parametrize(("script", "ended"), [("echo done", "succeeded"), ("exit 1", "failed")])
def test_a_project_is_run_and_its_run_found(store: Server, tmp_path: Path, script: str, ended: str) -> None:
    (tmp_path / "train.sh").write_text(script)
    words = ["--entry-point", "train.sh", "--experiment-id", "0", "--env-manager", "local"]

    done = command(store, "run", tmp_path, *words, "--param-list", "alpha=0.2", "--param-list", "rows=100")

    (run_id,) = [line.split("'")[1] for line in done.stderr.splitlines() if line.endswith(f"') {ended} ===")]
    run = MlflowClient(store.url).get_run(run_id)
    assert run.data.params == {"alpha": "0.2", "rows": "100"}
    assert run.info.status == ("FINISHED" if ended == "succeeded" else "FAILED")


def test_the_version_is_told(store: Server) -> None:
    assert command(store, "--version").stdout.startswith("crateflow, version ")
