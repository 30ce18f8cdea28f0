from pathlib import Path
from typing import Any

import pytest
import yaml
from pycore.store.artifact.artifact_repository_registry import (  # type: ignore[import-not-found]  # of MLflow
    get_artifact_repository,
)
from pycore.store.artifact.runs_artifact_repo import (  # type: ignore[import-not-found]  # as above
    RunsArtifactRepository,
)

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound


@pytest.fixture
def run_id(uri: str, tmp_path: Path) -> str:
    with mlflow.start_run() as run:
        for name in ("keep.txt", "old/a.txt", "old/b.txt"):
            mlflow.log_text(name, name)
        mlflow.pyfunc.log_model("m", python_model=lambda rows: rows, registered_model_name="named")
    found: str = run.info.run_id
    return found


def names(repository: Any, path: str | None = None) -> list[str]:
    return [file.path for file in repository.list_artifacts(path)]


def test_files_of_a_run_are_listed_fetched_added_and_deleted(run_id: str, tmp_path: Path) -> None:
    repository = RunsArtifactRepository(f"runs:/{run_id}/old")
    assert names(repository) == ["a.txt", "b.txt"]
    assert Path(repository.download_artifacts("a.txt", tmp_path / "copy")).read_text() == "old/a.txt"
    (tmp_path / "c.txt").write_text("c")
    repository.log_artifact(tmp_path / "c.txt", "deeper")
    assert names(repository, "deeper") == ["deeper/c.txt"]

    repository.delete_artifacts("a.txt")
    assert names(repository) == ["b.txt", "deeper"]
    get_artifact_repository(f"runs:/{run_id}").delete_artifacts("old")
    assert names(get_artifact_repository(f"runs:/{run_id}")) == ["keep.txt", "m"]


def test_a_registered_version_is_not_deleted_so(run_id: str) -> None:
    repository = get_artifact_repository("models:/named/1")
    assert "MLmodel" in names(repository)
    with pytest.raises(InvalidInput, match="a model's, which never changes"):
        repository.delete_artifacts()
    with pytest.raises(InvalidInput, match="artifact_path must be a text or None, not 5"):
        repository.delete_artifacts(5)
    with pytest.raises(NotFound):
        get_artifact_repository("models:/named/2")


def test_the_copy_of_a_registered_model_says_which_version_it_is(run_id: str, tmp_path: Path) -> None:
    copy = Path(mlflow.artifacts.download_artifacts("models:/named/latest", dst_path=tmp_path / "copy"))

    told = yaml.safe_load((copy / "registered_model_meta").read_text())
    assert told == {"model_name": "named", "model_version": "1"}
    # What is not a copy is not written to.
    assert "registered_model_meta" not in names(get_artifact_repository(f"runs:/{run_id}"), "m")
    of_the_run = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/m", dst_path=tmp_path / "other")
    assert not (Path(of_the_run) / "registered_model_meta").exists()
    assert mlflow.pyfunc.load_model(str(copy)).predict(1) == 1


def test_runs_are_listed_as_mlflow_1_did(run_id: str) -> None:
    assert [info.run_id for info in mlflow.list_run_infos("0")] == [run_id]
