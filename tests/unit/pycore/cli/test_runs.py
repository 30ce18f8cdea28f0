import json
import math
from pathlib import Path

import pytest
from tracked import Tracked


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


def test_runs_are_a_table_the_newest_first(tracked: Tracked) -> None:
    old = tracked.client.create_run("0", start_time=0, run_name="old").info.run_id
    new = tracked.client.create_run("0", start_time=86_400_000, run_name="newer").info.run_id

    assert tracked.output("runs", "list", "--experiment-id", "0").splitlines() == [
        "Date                     Name   ID",
        f"-----------------------  -----  {'-' * 32}",
        f"1970-01-02 00:00:00 UTC  newer  {new}",
        f"1970-01-01 00:00:00 UTC  old    {old}",
    ]
    assert len(tracked.output("runs", "list", "--experiment-id", "0", "-v", "deleted_only").splitlines()) == 2


def test_an_unknown_experiment(tracked: Tracked) -> None:
    result = tracked.run("runs", "list", "--experiment-id", "9")

    assert result.exit_code == 1
    assert "No Experiment with id=9 exists" in result.stderr


def test_a_run_is_described_as_json(tracked: Tracked) -> None:
    run_id = tracked.client.create_run("0", run_name="é").info.run_id
    tracked.client.log_metric(run_id, "m", math.nan)
    tracked.client.log_param(run_id, "p", "1")

    described = json.loads(tracked.output("runs", "describe", "--run-id", run_id))

    assert described["info"]["run_name"] == "é"
    assert described["info"]["status"] == "RUNNING"
    assert math.isnan(described["data"]["metrics"]["m"])
    assert described["data"]["params"] == {"p": "1"}


def test_a_run_is_deleted_and_restored(tracked: Tracked) -> None:
    run_id = tracked.client.create_run("0").info.run_id

    assert tracked.output("runs", "delete", "--run-id", run_id) == f"Run with ID {run_id} has been deleted.\n"
    assert tracked.client.get_run(run_id).info.lifecycle_stage == "deleted"
    restored = tracked.output("runs", "restore", "--run-id", run_id)
    assert restored == f"Run with id {run_id} has been restored.\n"
    assert tracked.client.get_run(run_id).info.lifecycle_stage == "active"


@pytest.mark.parametrize("verb", ["describe", "delete", "restore"])
def test_an_unknown_run(tracked: Tracked, verb: str) -> None:
    result = tracked.run("runs", verb, "--run-id", "abc")

    assert result.exit_code == 1
    assert "Run with id=abc not found" in result.stderr


def test_a_run_is_made_and_ended(tracked: Tracked) -> None:
    parent = tracked.client.create_run("0").info.run_id
    flags = [
        "--experiment-name",
        "irises",
        "--run-name",
        "first",
        "--description",
        "é",
        "-t",
        "a=1",
        "--tags",
        "b=",
    ]

    told = tracked.output("runs", "create", *flags, "--parent-run-id", parent)

    run = tracked.client.search_runs(["1"])[0]
    assert told == f"Created run 'first' with id {run.info.run_id}\n"
    assert (run.info.status, run.info.experiment_id) == ("FINISHED", "1")
    assert run.data.tags.items() >= {
        ("a", "1"),
        ("b", ""),
        ("mlflow.note.content", "é"),
        ("mlflow.parentRunId", parent),
    }


def test_a_run_is_left_in_the_status_asked_for(tracked: Tracked) -> None:
    flags = ["--experiment-id", "0", "--status", "running", "--json"]
    made = json.loads(tracked.output("runs", "create", *flags))

    assert made["status"] == "RUNNING"
    assert tracked.client.get_run(made["run_id"]).info.status == "RUNNING"
    assert tracked.client.get_run(made["run_id"]).info.end_time is None


def test_a_run_that_cannot_be_made(tracked: Tracked) -> None:
    both = tracked.run("runs", "create", "--experiment-id", "0", "--experiment-name", "x")
    assert (both.exit_code, both.stderr) == (1, "Error: Give either --experiment-id or --experiment-name.\n")
    assert tracked.run("runs", "create", "--experiment-id", "9").exit_code == 1
    assert tracked.run("runs", "create", "-t", "a").exit_code == 2
    assert "not found" in tracked.run("runs", "create", "--parent-run-id", "0" * 32).stderr
    assert tracked.client.search_runs(["0"]) == []


def test_runs_as_json(tracked: Tracked) -> None:
    run_id = tracked.client.create_run("0", run_name="é").info.run_id

    (run,) = json.loads(tracked.output("runs", "list", "--experiment-id", "0", "--json"))

    assert (run["info"]["run_id"], run["info"]["run_name"]) == (run_id, "é")
