from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound
from pycore.tracking import MlflowClient

pytestmark = pytest.mark.usefixtures("uri")


@pytest.fixture
def run_id() -> str:
    """A run with a folder model/ that is a model, and a folder notes/ that is none."""
    with mlflow.start_run() as run:
        mlflow.log_text("flavors: {}", "model/MLmodel")
        mlflow.log_text("x", "notes/a.txt")
    return run.info.run_id


def test_versions_count_up_and_know_their_run(run_id: str) -> None:
    first = mlflow.register_model(f"runs:/{run_id}/model", "churn-model", tags={"by": "me"})
    second = mlflow.register_model(f"runs:/{run_id}/model", "churn-model")

    assert (first.version, second.version) == ("1", "2")
    assert (first.version, second.version) == (1, 2)
    assert first.run_id == run_id
    assert first.source == f"{mlflow.get_run(run_id).info.artifact_uri}/model"
    assert first.tags == {"by": "me"}
    assert first.current_stage == "None"
    assert first.status == "READY"


def test_a_version_can_come_from_another(run_id: str) -> None:
    mlflow.register_model(f"runs:/{run_id}/model", "dev")

    version = mlflow.register_model("models:/dev/1", "prod")

    assert (version.name, version.run_id) == ("prod", run_id)
    assert Path(mlflow.artifacts.download_artifacts("models:/prod/1/MLmodel")).read_text() == "flavors: {}"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("other", "expected a file MLmodel, found nothing"),
        ("notes", "expected a file MLmodel, found only a.txt"),
    ],
)
def test_without_a_model_nothing_is_registered(run_id: str, path: str, message: str) -> None:
    with pytest.raises(NotFound, match=message):
        mlflow.register_model(f"runs:/{run_id}/{path}", "iris")
    assert mlflow.search_registered_models() == []


def test_an_unknown_run() -> None:
    with pytest.raises(NotFound, match="Run with id=abc not found"):
        mlflow.register_model("runs:/abc/model", "iris")
    assert mlflow.search_registered_models() == []


@pytest.mark.parametrize("name", ["a/b", "a:b", " "])
def test_a_name_that_is_not_legal(run_id: str, name: str) -> None:
    with pytest.raises(InvalidInput):
        mlflow.register_model(f"runs:/{run_id}/model", name)


def test_a_source_elsewhere_is_taken_as_given() -> None:
    assert mlflow.register_model("s3://bucket/model", "iris").source == "s3://bucket/model"


def test_searching_reads_all_pages(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycore.tracking.fluent_registry._MODELS_PAGE_SIZE", 2)
    monkeypatch.setattr("pycore.tracking.fluent_registry._VERSIONS_PAGE_SIZE", 2)
    client = MlflowClient()
    for name in "abcde":
        client.create_registered_model(name)
        client.create_model_version(name, "s3://bucket/model")

    assert [model.name for model in mlflow.search_registered_models()] == list("abcde")
    found = mlflow.search_registered_models(max_results=3, order_by="name DESC")
    assert [model.name for model in found] == list("edc")
    assert len(mlflow.search_model_versions()) == 5
    assert [version.name for version in mlflow.search_model_versions(filter_string="name = 'c'")] == ["c"]


def test_a_version_tag() -> None:
    mlflow.register_model("s3://bucket/model", "iris")
    mlflow.set_model_version_tag("iris", 1, "checked", True)

    assert MlflowClient().get_model_version("iris", "1").tags == {"checked": "True"}
