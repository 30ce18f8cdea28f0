import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_tree import is_alive
from waiting import LIMIT_S, until

import pycore as mlflow
from pycore.errors import InvalidInput, MlflowException, NotFound, ProjectFailed, Unavailable
from pycore.projects import running


def write(folder: Path, command: str, **parameters: object) -> str:
    """Write a project of one entry point, and return its URI."""
    content = {"entry_points": {"main": {"command": command, "parameters": parameters}}}
    (folder / "MLproject").write_text(json.dumps(content))
    return str(folder)


def runs(client: mlflow.MlflowClient) -> list[str]:
    return [run.info.status for run in client.search_runs(["0"])]


def test_a_command_runs_in_a_run(folder: Path, client: mlflow.MlflowClient) -> None:
    code = "import pycore as mlflow\nwith mlflow.start_run(): mlflow.log_metric('m', float('{m}'))"
    uri = write(folder, f'python -c "{code}"', m={"type": "float", "default": 1}, name="string")

    submitted = mlflow.projects.run(uri, parameters={"name": "é", "extra": 2}, run_name="first")

    run = client.get_run(submitted.run_id)
    assert (submitted.get_status(), submitted.wait()) == ("FINISHED", True)
    assert (run.info.status, run.info.run_name, run.info.experiment_id) == ("FINISHED", "first", "0")
    assert run.data.metrics == {"m": 1.0}
    assert run.data.params == {"m": "1", "name": "é", "extra": "2"}
    tags = {
        key: value for key, value in run.data.tags.items() if key not in ("mlflow.user", "mlflow.runName")
    }
    assert tags == {
        "mlflow.source.name": uri,
        "mlflow.source.type": "PROJECT",
        "mlflow.project.entryPoint": "main",
        "mlflow.project.backend": "local",
        "mlflow.project.env": "local",
    }


def test_output_comes_through_while_the_command_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on = folder / "go-on"
    uri = write(folder, f"echo out é; echo err >&2; until [ -e '{go_on}' ]; do sleep 0.01; done; printf end")
    seen = ""

    def saw(text: str) -> bool:
        nonlocal seen
        seen += "".join(capsys.readouterr())
        return text in seen

    submitted = mlflow.run(uri, synchronous=False)
    until(lambda: saw("out é\n") and saw("err\n"))
    assert submitted.get_status() == "RUNNING"
    go_on.touch()

    assert submitted.wait()
    assert saw("end")


def test_what_a_command_finds(
    folder: Path, client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"]
    command = (
        f'for name in {" ".join(names)}; do echo "${{{{!name}}}}"; done > found; pwd >> found; cat >> found'
    )
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")

    submitted = mlflow.run(write(folder, command), experiment_name="irises")

    experiment = client.get_experiment_by_name("irises")
    assert experiment
    found = (folder / "found").read_text().splitlines()
    assert found == [submitted.run_id, client.tracking_uri, experiment.experiment_id, "", str(folder)]


def test_a_command_that_fails(
    folder: Path, client: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = write(folder, "seq 100; echo no irises >&2; exit 3")

    with pytest.raises(
        ProjectFailed, match=r"^The run (\w+) is FAILED: its command ended with exit status 3\.$"
    ):
        mlflow.run(uri)

    run = client.search_runs(["0"])[0]
    assert run.info.status == "FAILED"
    assert run.data.tags["crateflow.project.exitStatus"] == "3"
    tail = run.data.tags["crateflow.project.outputTail"].splitlines()
    assert tail[-1] == "no irises"
    assert tail[-20:-1] == [str(number) for number in range(82, 101)]
    assert len(tail) == 20
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        f"=== Running command 'seq 100; echo no irises >&2; exit 3' in run with ID '{run.info.run_id}' ==="
    )
    assert said[-1] == f"=== Run (ID '{run.info.run_id}') failed ==="


def test_a_run_that_its_command_has_failed(folder: Path, client: mlflow.MlflowClient) -> None:
    code = "import pycore as mlflow; mlflow.start_run(); mlflow.end_run('FAILED')"
    with pytest.raises(ProjectFailed, match="is FAILED: its command ended it so"):
        mlflow.run(write(folder, f'python -c "{code}"'))


def test_a_cancelled_run_ends_with_all_it_has_started(folder: Path, client: mlflow.MlflowClient) -> None:
    submitted = mlflow.run(write(folder, "sleep 1000 & echo $! > pid; wait"), synchronous=False)
    until(lambda: (folder / "pid").exists() and (folder / "pid").read_text().strip())
    child = int((folder / "pid").read_text())

    submitted.cancel()

    assert (submitted.get_status(), submitted.wait()) == ("KILLED", False)
    assert client.get_run(submitted.run_id).info.status == "KILLED"
    until(lambda: not is_alive(child))


def test_a_command_that_does_not_stop_is_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, client: mlflow.MlflowClient
) -> None:
    monkeypatch.setattr("pycore.projects.submitted_run._GRACE_S", 0.2)
    uri = write(folder, "trap '' TERM; echo > ready; while true; do sleep 0.1; done")
    submitted = mlflow.run(uri, synchronous=False)
    until((folder / "ready").exists)

    submitted.cancel()

    assert not submitted.wait()
    assert client.get_run(submitted.run_id).info.status == "KILLED"


def test_cancelling_what_has_ended_changes_nothing(folder: Path) -> None:
    submitted = mlflow.run(write(folder, "true"))
    submitted.cancel()
    assert submitted.get_status() == "FINISHED"


def test_a_process_left_in_the_background_is_not_waited_for(folder: Path) -> None:
    submitted = mlflow.run(write(folder, "sleep 1000 & echo $! > pid"))
    assert submitted.wait()
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


def test_a_program_that_does_not_wait_goes_on_until_the_end(
    folder: Path, client: mlflow.MlflowClient
) -> None:
    write(folder, "sleep 0.3; echo > done")
    code = f"import pycore as mlflow; mlflow.run({str(folder)!r}, synchronous=False)"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=LIMIT_S, capture_output=True)

    assert (folder / "done").exists()
    assert runs(client) == ["FINISHED"]


def test_a_run_is_gone_on_with(folder: Path, client: mlflow.MlflowClient) -> None:
    run_id = client.create_run("0", tags={"before": "1"}).info.run_id
    client.set_terminated(run_id, "FAILED")

    submitted = mlflow.run(write(folder, "true", a={"default": "1"}), run_id=run_id, run_name="again")

    run = client.get_run(run_id)
    assert submitted.run_id == run_id
    assert (run.info.status, run.info.run_name, run.data.params) == ("FINISHED", "again", {"a": "1"})
    assert run.data.tags["before"] == "1"
    assert run.data.tags["mlflow.source.type"] == "PROJECT"


def test_a_run_whose_params_cannot_be_logged_has_failed(folder: Path, client: mlflow.MlflowClient) -> None:
    uri = write(folder, "echo > started")
    with pytest.raises(InvalidInput, match="Invalid"):
        mlflow.run(uri, parameters={"#": "1"})
    assert runs(client) == ["FAILED"]
    assert not (folder / "started").exists()


def test_downloads_are_kept_where_it_is_asked_for(
    folder: Path, tmp_path: Path, client: mlflow.MlflowClient
) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "5.1", "irises.csv")
    uri = write(folder, "echo {data} >> paths; cat {data}", data="path")
    data = f"runs:/{run_id}/irises.csv"

    mlflow.run(uri, parameters={"data": data})
    kept = mlflow.run(uri, parameters={"data": data}, storage_dir=tmp_path / "kept")

    first, second = map(Path, (folder / "paths").read_text().splitlines())
    assert not first.exists()
    assert second.is_relative_to(tmp_path / "kept")
    assert second.read_text() == "5.1"
    assert client.get_run(kept.run_id).data.params == {"data": data}


def test_a_repository_is_run_and_its_copy_removed(folder: Path, client: mlflow.MlflowClient) -> None:
    write(folder, "pwd > {place}", place="string")
    for command in (
        "init --quiet --initial-branch=main",
        "add .",
        "-c user.name=t -c user.email=t@x.org commit -qm 1",
    ):
        subprocess.run(["git", "-C", str(folder), *command.split()], check=True)

    submitted = mlflow.run(
        folder.as_uri(), version="main", parameters={"place": str(folder / "copy")}, storage_dir=folder / "s"
    )

    assert not Path((folder / "copy").read_text().strip()).exists()
    tags = client.get_run(submitted.run_id).data.tags
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert (tags["mlflow.source.git.repoURL"], tags["mlflow.source.git.branch"]) == (folder.as_uri(), "main")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"experiment_name": "a", "experiment_id": "0"}, "either experiment_name or experiment_id"),
        ({"backend": "kubernetes"}, "no backend 'kubernetes' for projects here, only 'local'"),
        ({"backend_config": {"a": 1}}, "nothing to configure"),
        ({"docker_args": {"gpus": "all"}}, "not run in Docker"),
        ({"build_image": True}, "not run in Docker"),
        ({"env_manager": "conda"}, "no environment manager 'conda'"),
        ({"parameters": {"a": "x"}}, "'a' must be float, not 'x'"),
        ({"experiment_id": "77"}, "77"),
        ({"run_id": "0" * 32}, "not found"),
        ({"entry_point": "other"}, "no entry point 'other'"),
    ],
)
def test_what_cannot_be_run_makes_no_run(
    folder: Path, client: mlflow.MlflowClient, arguments: dict[str, object], message: str
) -> None:
    uri = write(folder, "true", a={"type": "float", "default": 1})
    with pytest.raises((InvalidInput, NotFound), match=message):
        mlflow.run(uri, **arguments)  # type: ignore[arg-type]
    assert runs(client) == []


def test_a_command_that_cannot_be_started(folder: Path, client: mlflow.MlflowClient) -> None:
    uri = write(folder, "true # " + 200_000 * "x")
    with pytest.raises(ProjectFailed, match="cannot be started: Argument list too long"):
        mlflow.run(uri)
    assert runs(client) == ["FAILED"]


def test_an_interrupt_at_any_moment_ends_all(folder: Path, client: mlflow.MlflowClient) -> None:
    """From the main thread's start of the command on, an interrupt leaves nothing running."""
    write(folder, "echo $$ > pid; sleep 1000")
    code = (
        "import os, signal, sys, threading\n"
        "import pycore as mlflow\n"
        "from pycore.projects.submitted_run import SubmittedRun\n"
        "start = SubmittedRun.start\n"
        "def interrupted(self):\n"
        "    start(self)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "SubmittedRun.start = interrupted\n"
        f"mlflow.run({str(folder)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert "KeyboardInterrupt" in done.stderr
    assert "killed ===" in done.stderr
    assert runs(client) == ["KILLED"]


def test_a_machine_without_bash(
    folder: Path, client: mlflow.MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="run by bash, which is not in PATH"):
        mlflow.run(write(folder, "true"))
    assert runs(client) == []


def test_a_run_that_has_another_value_already(folder: Path, client: mlflow.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_param(run_id, "a", "1")
    with pytest.raises(MlflowException, match="a"):
        mlflow.run(write(folder, "true", a="string"), parameters={"a": "2"}, run_id=run_id)


def test_the_names_of_mlflow() -> None:
    assert mlflow.projects.SubmittedRun is running.SubmittedRun
    assert mlflow.exceptions.ExecutionException is ProjectFailed
