import json
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.models.spec import Model
from pycore.tracking import MlflowClient, model_logging

pytestmark = pytest.mark.usefixtures("uri")


def save(folder: Path, model: Model) -> None:
    """A flavor of one text file."""
    folder.mkdir()
    (folder / "text.txt").write_text("42")
    model.add_flavor("text", data="text.txt")
    model.save(folder)


def test_a_model_goes_into_the_active_run() -> None:
    with mlflow.start_run() as run:
        info = model_logging.log_model(save, "models/iris", metadata={"owner": "ada"})

    found = Path(mlflow.artifacts.download_artifacts(info.model_uri))
    written = Model.load(found)
    assert info.model_uri == f"runs:/{run.info.run_id}/models/iris"
    assert (found / "text.txt").read_text() == "42"
    assert (written.run_id, written.artifact_path) == (run.info.run_id, "models/iris")
    assert written.metadata == {"owner": "ada"}
    assert info.model_uuid == written.model_uuid
    assert info.registered_model_version is None
    assert mlflow.search_registered_models() == []


def test_the_run_remembers_its_models() -> None:
    with mlflow.start_run() as run:
        model_logging.log_model(save, "first")
        model_logging.log_model(save, "second")

    history = json.loads(mlflow.get_run(run.info.run_id).data.tags["mlflow.log-model.history"])
    assert [entry["artifact_path"] for entry in history] == ["first", "second"]
    assert history[0]["flavors"] == {"text": {"data": "text.txt"}}
    assert history[0]["run_id"] == run.info.run_id


def test_a_run_is_opened_when_there_is_none() -> None:
    info = model_logging.log_model(save, "model")

    run = mlflow.active_run()
    assert run is not None
    assert info.run_id == run.info.run_id


def test_a_run_can_be_named() -> None:
    with mlflow.start_run() as run:
        pass
    info = model_logging.log_model(save, "model", run_id=run.info.run_id)

    assert info.run_id == run.info.run_id
    assert mlflow.active_run() is None


def test_a_name_registers_a_version_each_time() -> None:
    with mlflow.start_run() as run:
        first = model_logging.log_model(save, "model", registered_model_name="iris")
        second = model_logging.log_model(save, "model", registered_model_name="iris")

    assert (first.registered_model_version, second.registered_model_version) == ("1", "2")
    assert MlflowClient().get_model_version("iris", 2).run_id == run.info.run_id


def test_a_model_that_cannot_be_saved_leaves_nothing() -> None:
    def fail(folder: Path, model: Model) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise InvalidInput("This cannot be saved.")

    with mlflow.start_run() as run, pytest.raises(InvalidInput, match="This cannot be saved"):
        model_logging.log_model(fail, "model", registered_model_name="iris")

    assert mlflow.artifacts.list_artifacts(run_id=run.info.run_id) == []
    assert mlflow.search_registered_models() == []


def test_the_facts_of_a_model_are_read_without_the_rest() -> None:
    info = model_logging.log_model(save, "model", registered_model_name="iris")

    by_run = mlflow.models.get_model_info(info.model_uri)
    by_name = mlflow.models.get_model_info("models:/iris/1")

    assert by_run.flavors == by_name.flavors == {"text": {"data": "text.txt"}}
    assert (by_run.model_uri, by_name.model_uri) == (info.model_uri, "models:/iris/1")
    assert by_name.model_uuid == info.model_uuid
