import json
from pathlib import Path

import pytest
from tracked import Tracked


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


@pytest.fixture
def model_uri(tracked: Tracked) -> str:
    run_id = tracked.client.create_run("0").info.run_id
    tracked.client.log_text(run_id, "flavors: {}\n", "model/MLmodel")
    return f"runs:/{run_id}/model"


def test_a_logged_model_becomes_a_version(tracked: Tracked, model_uri: str) -> None:
    register = ["models", "register", "-m", model_uri, "-n", "iris"]
    first = tracked.output(*register, "--tag", "team=x", "--description", "é")
    second = json.loads(tracked.output(*register, "--json"))

    version = tracked.client.get_model_version("iris", 1)
    assert first == "Created version '1' of model 'iris'.\n"
    assert (version.tags, version.description) == ({"team": "x"}, "é")
    assert (second["name"], second["version"], second["run_id"]) == ("iris", "2", model_uri.split("/")[1])


def test_a_version_moves_between_stages(tracked: Tracked, model_uri: str) -> None:
    for _ in range(2):
        tracked.output("models", "register", "--model-uri", model_uri, "--name", "iris")
    move = ["models", "transition", "-n", "iris", "--stage", "production"]
    tracked.output(*move, "-v", "1")

    told = tracked.output(*move, "--version", "2", "--archive-existing-versions")

    assert told == "Version '2' of model 'iris' is in stage Production.\n"
    assert tracked.client.get_model_version("iris", 1).current_stage == "Archived"
    as_json = json.loads(
        tracked.output("models", "transition", "-n", "iris", "-v", "1", "-s", "None", "--json")
    )
    assert as_json["current_stage"] == "None"


def test_an_alias_is_set_and_removed(tracked: Tracked, model_uri: str) -> None:
    tracked.output("models", "register", "-m", model_uri, "-n", "iris")

    told = tracked.output("models", "alias", "-n", "iris", "-a", "champion", "-v", "1")
    found = tracked.client.get_model_version_by_alias("iris", "champion").version
    removed = tracked.output("models", "alias", "-n", "iris", "-a", "champion", "--delete")

    assert told == "Alias 'champion' of model 'iris' stands for version '1'.\n"
    assert found == "1"
    assert removed == "Alias 'champion' of model 'iris' has been deleted.\n"
    assert tracked.client.get_registered_model("iris").aliases == {}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["register", "-m", "runs:/{run_id}/nothing", "-n", "iris"], 1, "There is no model at"),
        (["register", "-m", "models:/nothing/1", "-n", "iris"], 1, "nothing"),
        (["register", "-n", "iris"], 2, "Missing option '-m'"),
        (["transition", "-n", "iris", "-v", "1", "-s", "Live"], 2, "'Live' is not one of 'none', 'staging'"),
        (["transition", "-n", "iris", "-v", "1", "-s", "Staging"], 1, "iris"),
        (["alias", "-n", "iris", "-a", "x"], 2, "either --version or --delete"),
        (["alias", "-n", "iris", "-a", "x", "-v", "1", "--delete"], 2, "either --version or --delete"),
        (["alias", "-n", "iris", "-a", "x", "-v", "1"], 1, "iris"),
    ],
)
def test_what_cannot_be_done(
    tracked: Tracked, model_uri: str, arguments: list[str], status: int, message: str
) -> None:
    run_id = model_uri.split("/")[1]
    result = tracked.run("models", *(argument.format(run_id=run_id) for argument in arguments))
    assert (result.exit_code, message in result.stderr) == (status, True), result.stderr
