import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from live_server import live_server
from waiting import LIMIT_S

import pycore as mlflow
from pycore.entities import Run
from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.tracking import MlflowClient


def state(run: Run) -> str:
    return mlflow.get_run(run.info.run_id).info.status


@pytest.mark.usefixtures("uri")
class TestStartAndEnd:
    def test_a_block_ends_its_run_as_finished(self) -> None:
        with mlflow.start_run(run_name="first", tags={"n": 1}, description="a note") as run:
            assert mlflow.active_run() is run
            assert state(run) == "RUNNING"

        ended = mlflow.get_run(run.info.run_id)
        assert mlflow.active_run() is None
        assert ended.info.status == "FINISHED"
        assert ended.info.run_name == "first"
        assert ended.info.experiment_id == "0"
        assert ended.info.start_time is not None
        assert ended.info.end_time is not None
        assert ended.info.start_time <= ended.info.end_time
        assert ended.data.tags["n"] == "1"
        assert ended.data.tags["mlflow.note.content"] == "a note"
        assert ended.data.tags["mlflow.user"] == ended.info.user_id != ""
        assert ended.data.tags["mlflow.source.type"] == "LOCAL"

    @pytest.mark.parametrize(
        ("error", "status"),
        [(ValueError("bad"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(0), "FAILED")],
    )
    def test_any_exception_ends_the_run_and_goes_on(self, error: BaseException, status: str) -> None:
        with pytest.raises(type(error)) as caught, mlflow.start_run() as run:
            raise error

        assert caught.value is error
        assert state(run) == status
        assert mlflow.active_run() is None

    def test_a_second_run_is_a_plain_exception_that_names_the_first(self) -> None:
        with mlflow.start_run() as run:
            with pytest.raises(Exception, match=f"Run with UUID {run.info.run_id} is already") as caught:
                mlflow.start_run()
            assert type(caught.value) is Exception
            assert mlflow.active_run() is run

    def test_end_run_takes_a_status_and_ends_the_innermost(self) -> None:
        outer = mlflow.start_run()
        inner = mlflow.start_run(nested=True)

        mlflow.end_run("KILLED")

        assert state(inner) == "KILLED"
        assert mlflow.active_run() is outer

    def test_end_run_without_a_run_does_nothing(self) -> None:
        mlflow.end_run()
        assert mlflow.active_run() is None

    def test_an_unknown_status_is_refused(self) -> None:
        run = mlflow.start_run()
        with pytest.raises(InvalidInput, match="one of RUNNING, SCHEDULED, FINISHED, FAILED, KILLED, not"):
            mlflow.end_run("DONE")
        assert mlflow.active_run() is run

    def test_a_run_ended_inside_its_block_keeps_its_status(self) -> None:
        with mlflow.start_run() as run:
            mlflow.end_run("KILLED")

        assert state(run) == "KILLED"

    def test_the_end_of_a_block_ends_runs_left_open_inside(self) -> None:
        with mlflow.start_run():
            inner = mlflow.start_run(nested=True)

        assert state(inner) == "FINISHED"
        assert mlflow.active_run() is None

    def test_last_active_run_is_fresh(self) -> None:
        with mlflow.start_run() as run:
            mlflow.log_param("a", 1)
            inside = mlflow.last_active_run()
        after = mlflow.last_active_run()

        assert inside is not None
        assert after is not None
        assert inside.data.params == {"a": "1"}
        assert after.info.run_id == run.info.run_id
        assert after.info.status == "FINISHED"

    def test_a_description_given_twice(self) -> None:
        with pytest.raises(InvalidInput, match="A description is given twice"):
            mlflow.start_run(tags={"mlflow.note.content": "a"}, description="b")
        assert mlflow.active_run() is None

    def test_an_unknown_experiment(self) -> None:
        with pytest.raises(NotFound, match="No Experiment with id=77 exists"):
            mlflow.start_run(experiment_id=77)
        assert mlflow.active_run() is None


@pytest.mark.usefixtures("uri")
class TestParents:
    def test_a_nested_run_is_the_child_of_the_innermost(self) -> None:
        with mlflow.start_run() as outer, mlflow.start_run(nested=True) as middle:
            with mlflow.start_run(nested=True) as inner:
                pass
            assert mlflow.active_run() is middle

        assert mlflow.get_parent_run(outer.info.run_id) is None
        for child, parent in ((middle, outer), (inner, middle)):
            found = mlflow.get_parent_run(child.info.run_id)
            assert found is not None
            assert found.info.run_id == parent.info.run_id

    def test_a_parent_can_be_named(self) -> None:
        with mlflow.start_run() as parent:
            pass
        with mlflow.start_run(parent_run_id=parent.info.run_id) as child:
            pass

        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id

    def test_an_unknown_parent(self) -> None:
        with pytest.raises(NotFound, match="Run with id=abc not found"):
            mlflow.start_run(parent_run_id="abc")

    def test_another_parent_than_the_active_run(self) -> None:
        with (
            mlflow.start_run() as run,
            pytest.raises(InvalidInput, match=f"but the run {run.info.run_id} is active"),
        ):
            mlflow.start_run(nested=True, parent_run_id="0" * 32)

    def test_a_thread_has_its_own_runs(self) -> None:
        seen: dict[str, object] = {}

        def work() -> None:
            seen["active"] = mlflow.active_run()
            mlflow.log_metric("m", 1)
            run = mlflow.active_run()
            assert run is not None
            seen["tags"] = run.data.tags
            seen["id"] = run.info.run_id
            mlflow.end_run()

        with mlflow.start_run() as run:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            assert mlflow.active_run() is run

        assert seen["active"] is None
        assert seen["id"] != run.info.run_id
        assert "mlflow.parentRunId" not in seen["tags"]  # type: ignore[operator]


@pytest.mark.usefixtures("uri")
class TestResume:
    def test_a_run_goes_on(self) -> None:
        with mlflow.start_run() as first:
            pass
        end_time = mlflow.get_run(first.info.run_id).info.end_time

        with mlflow.start_run(first.info.run_id, run_name="again", tags={"a": 1}) as again:
            assert again.info.run_id == first.info.run_id
            assert again.info.status == "RUNNING"
            assert again.info.end_time == end_time
            assert again.info.run_name == "again"
            assert again.data.tags["a"] == "1"
        assert state(first) == "FINISHED"

    def test_an_unknown_run(self) -> None:
        with pytest.raises(NotFound, match="Run with id=abc not found"):
            mlflow.start_run("abc")

    def test_a_deleted_run(self) -> None:
        with mlflow.start_run() as run:
            pass
        mlflow.delete_run(run.info.run_id)

        with pytest.raises(InvalidInput, match="must be in the 'active' state"):
            mlflow.start_run(run.info.run_id)

    def test_the_environment_names_a_run_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with mlflow.start_run() as first:
            pass
        monkeypatch.setenv("MLFLOW_RUN_ID", first.info.run_id)

        with mlflow.start_run() as again:
            assert again.info.run_id == first.info.run_id
        assert "MLFLOW_RUN_ID" not in os.environ
        with mlflow.start_run() as other:
            assert other.info.run_id != first.info.run_id

    def test_the_environment_names_a_run_of_another_experiment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with mlflow.start_run() as first:
            pass
        mlflow.set_experiment("other")
        monkeypatch.setenv("MLFLOW_RUN_ID", first.info.run_id)

        with pytest.raises(InvalidInput, match="belongs to the experiment 0, but set_experiment chose 1"):
            mlflow.start_run()


def test_a_run_is_logged_to_where_it_was_started(tmp_path: Path) -> None:
    first, second = (f"sqlite:///{tmp_path / name}.db" for name in ("first", "second"))
    mlflow.set_tracking_uri(first)
    with mlflow.start_run() as run:
        mlflow.set_tracking_uri(second)
        mlflow.log_metric("m", 1)
        mlflow.log_text("x", "a.txt")

    found = MlflowClient(first).get_run(run.info.run_id)
    assert found.data.metrics == {"m": 1.0}
    assert found.info.status == "FINISHED"


def test_a_server_that_died_does_not_hide_the_error_of_the_block(tmp_path: Path) -> None:
    with live_server(tmp_path) as uri:
        mlflow.set_tracking_uri(uri)
        run = mlflow.start_run()

    with pytest.warns(UserWarning, match="could not be ended: The server at"), pytest.raises(KeyError), run:
        raise KeyError("of the block")


def test_a_server_that_is_down_is_named() -> None:
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"The server at http://127\.0\.0\.1:9 cannot be reached"):
        mlflow.start_run()
    assert mlflow.active_run() is None


SCRIPT = """
import os, signal, sys, time
import pycore as mlflow
mlflow.set_tracking_uri({uri!r})
run = mlflow.start_run()
mlflow.start_run(nested=True)
print(run.info.run_id)
sys.stdout.flush()
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", "FINISHED"),
        ("raise ValueError('bad')", "FAILED"),
        ("raise KeyboardInterrupt", "KILLED"),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", "KILLED"),
        ("sys.exit(0)", "FINISHED"),
        ("if os.fork() == 0: raise ValueError('in a child')\nelse: os.wait()", "FINISHED"),
        ("if os.fork() == 0: sys.exit()\nos.wait(); raise ValueError('in the parent')", "FAILED"),
    ],
)
def test_runs_left_open_end_with_the_process(tmp_path: Path, end: str, status: str) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(uri=uri, end=end))

    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )

    run_id = done.stdout.split()[0]
    runs = MlflowClient(uri).search_runs("0")
    assert {run.info.run_id for run in runs} > {run_id}
    assert [run.info.status for run in runs] == [status, status], done.stderr
    assert MlflowClient(uri).get_run(run_id).data.tags["mlflow.source.name"] == str(script)
