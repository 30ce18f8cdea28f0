import signal
import subprocess
from pathlib import Path

import pytest
from process_tree import is_alive
from processes import CRATEFLOW
from tracked import Tracked
from waiting import LIMIT_S, until

PROJECT = """
entry_points:
  main:
    parameters: {alpha: {type: float, default: 0.5}}
    command: "echo alpha {alpha}"
  fail:
    command: "exit 4"
"""


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "MLproject").write_text(PROJECT)
    return folder


def test_a_project_is_run_and_its_run_named_last(tracked: Tracked, project: Path) -> None:
    result = tracked.run("run", project, "-P", "alpha=0.1", "-P", "note=a=b", "--run-name", "first")

    run = tracked.client.search_runs(["0"])[0]
    assert (result.exit_code, result.stdout) == (0, "alpha 0.1 --note a=b\n")
    assert result.stderr.splitlines()[-1] == f"=== Run (ID '{run.info.run_id}') succeeded ==="
    assert (run.info.run_name, run.data.params) == ("first", {"alpha": "0.1", "note": "a=b"})


def test_every_flag_of_a_local_run(tracked: Tracked, project: Path, tmp_path: Path) -> None:
    run_id = tracked.client.create_run("0").info.run_id
    flags = ["--entry-point", "main", "--param-list", "alpha=1", "--backend", "local", "--no-conda"]
    flags += ["--storage-dir", tmp_path / "storage", "--env-manager", "local", "--run-id", run_id]

    tracked.output("run", project, *flags)
    tracked.output("run", project, "--experiment-name", "irises")
    tracked.output("run", project, "--experiment-id", "1")

    assert tracked.client.get_run(run_id).data.params == {"alpha": "1"}
    assert tracked.client.get_experiment("1").name == "irises"
    assert len(tracked.client.search_runs(["1"])) == 2


def test_a_project_that_fails(tracked: Tracked, project: Path) -> None:
    result = tracked.run("run", project, "-e", "fail")

    run_id = tracked.client.search_runs(["0"])[0].info.run_id
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-2:] == [
        f"=== Run (ID '{run_id}') failed ===",
        f"Error: The run {run_id} is FAILED: its command ended with exit status 4.",
    ]


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["-P", "alpha"], 2, "'alpha' is not of the form NAME=VALUE"),
        (["-P", "=1"], 2, "'=1' is not of the form NAME=VALUE"),
        (["-P", "a=1", "-P", "a=2"], 2, "'a' is given twice"),
        (["-P", "alpha=x"], 1, "The parameter 'alpha' must be float, not 'x'."),
        (["-e", "nothing"], 1, "has no entry point 'nothing'"),
        (["-v", "--output=x"], 1, "A version is a branch, a tag or a commit"),
        (["-v", "main"], 1, "is in no git repository"),
        (["-A", "gpus=all"], 1, "not run in Docker"),
        (["-b", "databricks"], 1, "no backend 'databricks'"),
        (["-c", "{}x"], 1, "nothing to configure"),
        (["--no-conda", "--env-manager", "virtualenv"], 1, "--no-conda means --env-manager local"),
    ],
)
def test_what_cannot_be_run(
    tracked: Tracked, project: Path, flags: list[str], status: int, message: str
) -> None:
    result = tracked.run("run", project, *flags)
    assert (result.exit_code, message in result.stderr) == (status, True), result.stderr
    assert tracked.client.search_runs(["0"]) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_stops_the_command_stops_the_project(
    tracked: Tracked, project: Path, number: signal.Signals
) -> None:
    (project / "wait.sh").write_text("echo $$ > pid; while true; do sleep 0.05; done")
    command = [CRATEFLOW, "run", str(project), "-e", "wait.sh"]
    environment = {"MLFLOW_TRACKING_URI": tracked.uri, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as started:
        try:
            until(lambda: (project / "pid").exists() and (project / "pid").read_text().strip())
            started.send_signal(number)
            _, said = started.communicate(timeout=LIMIT_S)
        finally:
            started.kill()

    run = tracked.client.search_runs(["0"])[0]
    assert started.returncode == 130
    assert said.endswith(f"=== Run (ID '{run.info.run_id}') killed ===\n\nInterrupted.\n")
    assert run.info.status == "KILLED"
    until(lambda: not is_alive(int((project / "pid").read_text())))


def test_a_reader_that_has_gone_ends_no_project(tracked: Tracked, project: Path) -> None:
    (project / "talk.sh").write_text("seq 100000; touch done")
    script = f"'{CRATEFLOW}' run '{project}' -e talk.sh | head -n 1"

    environment = {"MLFLOW_TRACKING_URI": tracked.uri, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=LIMIT_S
    )

    assert done.stdout == "1\n"
    assert (project / "done").exists()
    assert tracked.client.search_runs(["0"])[0].info.status == "FINISHED"
