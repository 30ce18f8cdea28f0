from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, Unavailable
from pycore.tracking import MlflowClient


def test_the_default_is_a_database_in_the_working_directory(tmp_path: Path) -> None:
    assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    assert not mlflow.is_tracking_uri_set()
    assert not (tmp_path / "mlflow.db").exists()


def test_a_uri_is_not_looked_at_before_it_is_used(tmp_path: Path) -> None:
    mlflow.set_tracking_uri("nonsense://x")
    assert mlflow.get_tracking_uri() == "nonsense://x"
    assert mlflow.is_tracking_uri_set()
    with pytest.raises(InvalidInput, match="Nothing can be tracked at 'nonsense://x': expected the address"):
        mlflow.start_run()

    mlflow.set_tracking_uri(None)
    assert not mlflow.is_tracking_uri_set()


@pytest.mark.parametrize("uri", ["mlruns", "/data/mlruns", "file:///data/mlruns"])
def test_folders_of_run_files_are_refused_with_advice(uri: str) -> None:
    with pytest.raises(InvalidInput, match=r"Folders of run files \(mlruns\) are not supported: use a data"):
        MlflowClient(uri).get_run("abc")


def test_a_path_object_becomes_a_uri(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(Path("some folder"))

    assert mlflow.get_tracking_uri() == f"file://{tmp_path}/some%20folder"


def test_models_are_registered_where_runs_are_tracked_unless_said_otherwise(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    assert mlflow.get_registry_uri() == mlflow.get_tracking_uri()

    mlflow.set_registry_uri(f"sqlite:///{tmp_path}/models.db")
    MlflowClient().create_registered_model("iris")

    assert mlflow.get_registry_uri() == f"sqlite:///{tmp_path}/models.db"
    assert [model.name for model in mlflow.search_registered_models()] == ["iris"]
    mlflow.set_registry_uri("")
    assert mlflow.search_registered_models() == []


def test_a_relative_database_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient("sqlite:///here.db")
    client.create_experiment("iris")

    assert (tmp_path / "here.db").is_file()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert client.get_experiment_by_name("iris") is not None
    assert MlflowClient("sqlite:///here.db").get_experiment_by_name("iris") is None


def test_a_script_that_changes_its_folder_goes_on_where_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.set_tracking_uri("sqlite:///here.db")
    with mlflow.start_run() as run:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        mlflow.log_metric("m", 1)
    with mlflow.start_run():
        pass

    assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path}/here.db"
    assert len(mlflow.search_runs(output_format="list")) == 2
    assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.0}
    assert not (tmp_path / "other" / "here.db").exists()


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"Cannot open sqlite:///{tmp_path}/no/such/folder.db"):
        MlflowClient(f"sqlite:///{tmp_path}/no/such/folder.db").search_experiments()
