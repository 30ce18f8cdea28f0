import csv
import io
import json
from pathlib import Path

import pytest
from tracked import Tracked


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


def test_an_experiment_lives(tracked: Tracked) -> None:
    lines = [
        tracked.output("experiments", "create", "-n", "x"),
        tracked.output("experiments", "rename", "-x", "1", "--new-name", "y"),
        tracked.output("experiments", "delete", "-x", "1"),
        tracked.output("experiments", "restore", "-x", "1"),
    ]

    assert lines == [
        "Created experiment 'x' with id 1\n",
        "Experiment with id 1 has been renamed to 'y'.\n",
        "Experiment with ID 1 has been deleted.\n",
        "Experiment with id 1 has been restored.\n",
    ]
    assert tracked.client.get_experiment("1").name == "y"


def test_a_name_that_is_taken_is_one_line_and_status_1(tracked: Tracked) -> None:
    tracked.run("experiments", "create", "--experiment-name", "x")

    result = tracked.run("experiments", "create", "--experiment-name", "x")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "already exists" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_option_is_a_usage_error(tracked: Tracked) -> None:
    assert tracked.run("experiments", "create").exit_code == 2
    assert tracked.run("experiments", "get").exit_code == 2


def test_an_artifact_location_is_kept(tracked: Tracked) -> None:
    tracked.output("experiments", "create", "-n", "x", "-l", "s3://bucket/x")

    assert tracked.client.get_experiment("1").artifact_location == "s3://bucket/x"


@pytest.mark.parametrize("verb", ["search", "list"])
def test_experiments_are_a_table(tracked: Tracked, verb: str) -> None:
    tracked.client.create_experiment("iris a", "s3://bucket/iris")
    tracked.client.delete_experiment(tracked.client.create_experiment("gone", "s3://bucket/gone"))
    tracked.client.delete_experiment("0")

    assert tracked.output("experiments", verb).splitlines() == [
        "Experiment Id  Name    Artifact Location",
        "-------------  ------  -----------------",
        "1              iris a  s3://bucket/iris",
    ]
    assert len(tracked.output("experiments", verb, "--view", "all").splitlines()) == 5
    assert len(tracked.output("experiments", verb, "-v", "all", "--max-results", "1").splitlines()) == 3
    assert "gone" in tracked.output("experiments", verb, "-v", "deleted_only")


@pytest.mark.parametrize("option", [["-x", "1"], ["-n", "iris"]])
def test_one_experiment(tracked: Tracked, option: list[str]) -> None:
    tracked.client.create_experiment("iris", "s3://bucket/iris", {"team": "x"})

    lines = [line.split(None, 2) for line in tracked.output("experiments", "get", *option).splitlines()]

    assert ["Experiment", "Id", "1"] in lines
    assert ["Name", "iris"] in lines
    assert ["Artifact", "Location", "s3://bucket/iris"] in lines
    assert ["Lifecycle", "Stage", "active"] in lines
    assert ["Tag", "team", "x"] in lines


@pytest.mark.parametrize("option", [["-x", "9"], ["-n", "nope"]])
def test_an_unknown_experiment(tracked: Tracked, option: list[str]) -> None:
    result = tracked.run("experiments", "get", *option)

    assert result.exit_code == 1
    assert option[1] in result.stderr


def test_runs_as_csv(tracked: Tracked, tmp_path: Path) -> None:
    run = tracked.client.create_run("0", start_time=0, run_name="a, b")
    tracked.client.log_metric(run.info.run_id, "rmse", 0.5)
    tracked.client.log_param(run.info.run_id, "p", "1")

    printed = tracked.output("experiments", "csv", "-x", "0")
    told = tracked.output("experiments", "csv", "-x", "0", "-o", tmp_path / "runs.csv")

    (row,) = csv.DictReader(io.StringIO(printed))
    assert (tmp_path / "runs.csv").read_text() == printed.replace("\r\n", "\n")
    assert told == f"Experiment with ID 0 has been exported as a CSV to file: {tmp_path}/runs.csv.\n"
    assert row == {
        "run_id": run.info.run_id,
        "experiment_id": "0",
        "status": "RUNNING",
        "artifact_uri": run.info.artifact_uri,
        "start_time": "1970-01-01 00:00:00+00:00",
        "end_time": "",
        "metrics.rmse": "0.5",
        "params.p": "1",
        "tags.mlflow.runName": "a, b",
    }


def test_experiments_as_json(tracked: Tracked) -> None:
    tracked.client.create_experiment("é", "s3://bucket/e", {"team": "x"})

    found = json.loads(tracked.output("experiments", "search", "--json"))
    one = json.loads(tracked.output("experiments", "get", "-n", "é", "--json"))

    by_id = {each["experiment_id"]: each for each in found}
    assert by_id.keys() == {"0", "1"}
    assert by_id["1"] == one
    assert (one["name"], one["artifact_location"]) == ("é", "s3://bucket/e")
    assert one["tags"] == [{"key": "team", "value": "x"}]


def test_an_unknown_experiment_as_csv(tracked: Tracked) -> None:
    result = tracked.run("experiments", "csv", "-x", "9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: No Experiment with id=9 exists.\n"
