from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from pycore.artifacts.run_artifacts import RunArtifacts, RunsUri, open_source
from pycore.artifacts.stores import StoresByScheme
from pycore.entities import LoggedModel
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import Api
from pycore.services import build_api
from pycore.store import Database


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with Database.open(f"sqlite:///{tmp_path}/x.db") as database:
        # What is made later is later, however quickly it follows.
        yield build_api(database, StoresByScheme(), str(tmp_path / "artifacts"), clock=count(1).__next__)


@pytest.fixture
def run_id(api: Api) -> str:
    """A run with a file of its own in notes."""
    info = api.runs.create("0").info
    write(api, info.artifact_uri, "notes/a.txt")
    return info.run_id


@pytest.fixture
def model(api: Api, run_id: str) -> LoggedModel:
    """A model that the run logged."""
    made = api.logged_models.create("0", "tree", run_id)
    write(api, made.artifact_location, "data/w.bin")
    return made


def write(api: Api, root: str, path: str, content: bytes = b"x") -> None:
    api.artifacts.open(root).write(path, io.BytesIO(content))


def paths(artifacts: RunArtifacts, folder: str = "") -> list[str]:
    return [info.path for info in artifacts.list(folder)]


def test_a_model_is_a_folder_of_its_run(api: Api, run_id: str, model: LoggedModel) -> None:
    artifacts = RunArtifacts(api, run_id)
    assert paths(artifacts) == ["notes", "tree"]
    assert (paths(artifacts, "tree"), paths(artifacts, "tree/data")) == (["tree/data"], ["tree/data/w.bin"])
    with artifacts.open("tree/data/w.bin") as file:
        assert file.read() == b"x"
    for missing in ("tree/none", "tree", "none"):
        with pytest.raises((NotFound, InvalidInput)):
            artifacts.open(missing)


def test_what_the_run_has_itself_comes_first(api: Api, run_id: str, model: LoggedModel) -> None:
    artifacts = RunArtifacts(api, run_id)
    write(api, artifacts.root_uri, "tree/own.txt")
    assert paths(artifacts, "tree") == ["tree/own.txt"]
    assert artifacts.model_at("tree") is None
    assert artifacts.locate("tree") == f"{artifacts.root_uri}/tree"


def test_the_latest_of_models_with_one_name_is_shown(api: Api, run_id: str, model: LoggedModel) -> None:
    later = api.logged_models.create("0", "tree", run_id)
    write(api, later.artifact_location, "later.bin")
    assert paths(RunArtifacts(api, run_id)) == ["notes", "tree"]
    assert paths(RunArtifacts(api, run_id), "tree") == ["tree/later.bin"]


def test_a_place_in_a_run_is_located(api: Api, run_id: str, model: LoggedModel) -> None:
    artifacts = RunArtifacts(api, run_id)
    assert artifacts.locate("") == artifacts.root_uri
    assert artifacts.locate("notes/a.txt") == f"{artifacts.root_uri}/notes/a.txt"
    assert artifacts.locate("none") == f"{artifacts.root_uri}/none"
    assert artifacts.locate("tree") == model.artifact_location
    assert RunsUri.parse(f"runs:/{run_id}/tree/data/").resolve(api) == f"{model.artifact_location}/data"
    with pytest.raises(InvalidInput, match="Not a proper runs:/ URI"):
        RunsUri.parse("runs:/")


def test_the_source_of_a_version_is_opened(api: Api, run_id: str, model: LoggedModel) -> None:
    for source in (f"runs:/{run_id}/tree", model.artifact_location):
        assert [info.path for info in open_source(api, source).list()] == ["data"]
    assert [info.path for info in open_source(api, f"runs:/{run_id}/notes").list()] == ["a.txt"]


def test_a_server_without_logged_models_is_read_all_the_same(api: Api, run_id: str) -> None:
    class Unknown:
        def search(self, *_: object, **__: object) -> None:
            raise NotFound("no such address")

    older = replace(api, logged_models=Unknown())
    assert paths(RunArtifacts(older, run_id)) == ["notes"]
    assert RunArtifacts(older, run_id).locate("tree").endswith("/artifacts/tree")
