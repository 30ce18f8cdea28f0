import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound
from pycore.tracking import fluent_logged_models

pytestmark = pytest.mark.usefixtures("uri")


def test_metrics_and_params_belong_to_the_active_model_too() -> None:
    model = mlflow.set_active_model(name="tree")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.5)
        mlflow.log_metrics({"loss": 1.5}, step=3)
    mlflow.log_model_params({"depth": 3})

    found = mlflow.get_logged_model(model.model_id)
    assert [(point.key, point.value, point.step, point.run_id) for point in found.metrics] == [
        ("accuracy", 0.5, 0, run.info.run_id),
        ("loss", 1.5, 3, run.info.run_id),
    ]
    assert found.params == {"depth": "3"}
    assert mlflow.get_run(run.info.run_id).data.metrics == {"accuracy": 0.5, "loss": 1.5}


def test_a_model_is_found_again_by_its_name_and_given_back_after_a_block() -> None:
    first = mlflow.set_active_model(name="first")
    assert mlflow.set_active_model(name="first").model_id == first.model_id
    with mlflow.set_active_model(name="second") as second:
        assert mlflow.get_active_model_id() == second.model_id
    assert mlflow.get_active_model_id() == first.model_id
    assert mlflow.set_active_model(model_id=second.model_id).name == "second"

    mlflow.clear_active_model()
    assert mlflow.get_active_model_id() is None


def test_the_environment_names_a_model_and_a_thread_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ACTIVE_MODEL_ID", "m-1")
    assert mlflow.get_active_model_id() == "m-1"
    model = mlflow.set_active_model(name="here")
    with ThreadPoolExecutor(1) as other:
        assert other.submit(mlflow.get_active_model_id).result() == "m-1"
    assert mlflow.get_active_model_id() == model.model_id


def test_wrong_calls() -> None:
    for arguments in ({}, {"name": "a", "model_id": "b"}):
        with pytest.raises(InvalidInput, match="either name or model_id"):
            mlflow.set_active_model(**arguments)
    with pytest.raises(NotFound, match="m-1"):
        mlflow.set_active_model(model_id="m-1")
    with pytest.raises(InvalidInput, match="needs model_id, or a model chosen with set_active_model"):
        mlflow.log_model_params({"a": 1})


def test_the_model_made_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluent_logged_models, "_last", None)
    assert mlflow.last_logged_model() is None
    mlflow.create_external_model(name="first")
    made = mlflow.initialize_logged_model(name="second")
    mlflow.finalize_logged_model(made.model_id, "READY")

    last = mlflow.last_logged_model()
    assert last is not None
    assert (last.name, last.status.name) == ("second", "READY")


def test_a_metric_says_which_model_and_dataset_it_measured() -> None:
    model = mlflow.create_external_model(name="tree")
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0, 2.0]}), name="held out")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.5, model_id=model.model_id, dataset=data)
        mlflow.log_metrics({"loss": 2}, model_id=model.model_id, dataset=data)

    points = mlflow.get_logged_model(model.model_id).metrics
    assert {(point.key, point.dataset_name, point.dataset_digest) for point in points} == {
        ("accuracy", "held out", data.digest),
        ("loss", "held out", data.digest),
    }
    noted = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert [each.dataset.name for each in noted] == ["held out"]


def test_files_of_a_logged_model(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "weights.bin").write_bytes(b"\0\1")
    client = mlflow.MlflowClient()
    model = mlflow.initialize_logged_model(name="own")
    client.log_model_artifact(model.model_id, tmp_path / "folder" / "weights.bin", "data")
    client.log_model_artifact(model.model_id, tmp_path / "folder")
    client.log_model_artifacts(model.model_id, tmp_path / "folder")

    listed = client.list_logged_model_artifacts(model.model_id)
    assert [info.path for info in listed] == ["data", "folder", "weights.bin"]
    assert [info.path for info in client.list_logged_model_artifacts(model.model_id, "data")] == [
        "data/weights.bin"
    ]
    fetched = mlflow.artifacts.download_artifacts(f"{model.model_uri}/data/weights.bin")
    assert Path(fetched).read_bytes() == b"\0\1"


def test_a_stream_becomes_a_file_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 1000)
    with mlflow.start_run() as run, (tmp_path / "large.bin").open("rb") as stream:
        mlflow.log_stream(stream, "data/large.bin")
        mlflow.log_stream(io.BytesIO(b"abc"), "small.bin")
        for wrong in (io.StringIO("text"), b"bytes", None):
            with pytest.raises(InvalidInput, match="must be open for reading bytes"):
                mlflow.log_stream(wrong, "wrong.bin")

    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    assert (folder / "data" / "large.bin").read_bytes() == (tmp_path / "large.bin").read_bytes()
    assert (folder / "small.bin").read_bytes() == b"abc"
    assert not (folder / "wrong.bin").exists()


def test_tags_of_a_version_given_by_its_stage() -> None:
    client = mlflow.MlflowClient()
    client.create_registered_model("tree")
    client.create_model_version("tree", "s3://bucket/model")
    client.transition_model_version_stage("tree", 1, "Staging")

    client.set_model_version_tag("tree", key="checked", value="yes", stage="Staging")
    mlflow.set_model_version_tag("tree", 1, "by", "Ada")
    assert client.get_model_version("tree", 1).tags == {"checked": "yes", "by": "Ada"}
    client.delete_model_version_tag("tree", key="checked", stage="staging")
    assert client.get_model_version("tree", 1).tags == {"by": "Ada"}

    for arguments in ({}, {"version": 1, "stage": "Staging"}):
        with pytest.raises(InvalidInput, match="Give either version or stage"):
            client.set_model_version_tag("tree", key="a", value="b", **arguments)
    with pytest.raises(InvalidInput, match="key is missing"):
        client.delete_model_version_tag("tree", 1)
    with pytest.raises(NotFound, match="'tree' has no version in the stage Production"):
        client.set_model_version_tag("tree", key="a", value="b", stage="Production")
