import io
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LIMIT_S

import pycore as mlflow
from pycore.entities import Run
from pycore.errors import InvalidInput, NotFound
from pycore.tracking import MlflowClient, model_uris


@pytest.fixture
def run(uri: str, tmp_path: Path) -> Run:
    """A run with a model, of which iris has three versions."""
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder, "model")
        mlflow.log_text("x", "model/data/weights.bin")
    client = MlflowClient()
    for _ in range(3):
        mlflow.register_model(f"runs:/{run.info.run_id}/model", "iris")
    client.transition_model_version_stage("iris", 1, "Production")
    client.transition_model_version_stage("iris", 2, "Production")
    client.set_registered_model_alias("iris", "champion", 2)
    return run


def test_runs_uris_name_a_place_in_a_run(run: Run) -> None:
    run_id, root = run.info.run_id, run.info.artifact_uri

    assert model_uris.resolve(f"runs:/{run_id}/model") == f"{root}/model"
    assert model_uris.resolve(f"runs:/{run_id}") == root
    assert model_uris.resolve(f"runs:/{run_id}/") == root


@pytest.mark.parametrize(
    "suffix", ["/3", "/latest", "/LATEST", "/Production", "/production", "/None", "@champion", "@latest"]
)
def test_models_uris_name_the_files_of_a_version(run: Run, suffix: str) -> None:
    found = model_uris.fetch(f"models:/iris{suffix}")

    # A copy says besides which version it is.
    assert {path.name for path in found.iterdir()} - {"registered_model_meta"} == {"MLmodel", "data"}


def test_a_stage_is_its_highest_version(run: Run) -> None:
    """Each version gets files of its own, to be told apart."""
    client = MlflowClient()
    for version in ("4", "5"):
        with mlflow.start_run() as other:
            mlflow.log_text("flavors: {}", "model/MLmodel")
            mlflow.log_text(version, "model/version.txt")
        mlflow.register_model(f"runs:/{other.info.run_id}/model", "iris")
        client.transition_model_version_stage("iris", version, "Staging")

    assert model_uris.fetch("models:/iris/staging/version.txt").read_text() == "5"
    assert model_uris.fetch("models:/iris/4/version.txt").read_text() == "4"
    assert model_uris.fetch("models:/iris/latest/version.txt").read_text() == "5"


def test_a_path_below_a_version(run: Run) -> None:
    assert model_uris.fetch("models:/iris/3/data/weights.bin").read_text() == "x"
    assert model_uris.fetch("models:/iris@champion/MLmodel").read_text() == "flavors: {}"


@pytest.mark.parametrize(
    ("uri", "error", "message"),
    [
        ("runs:/", InvalidInput, "Not a proper runs:/ URI"),
        ("runs:/abc/model", NotFound, "Run with id=abc not found"),
        (
            "models:/iris",
            InvalidInput,
            "Not a proper models:/ URI: 'models:/iris'. Expected models:/<name>/<v",
        ),
        ("models:/nope/1", NotFound, "nope"),
        ("models:/iris/9", NotFound, "9"),
        ("models:/nope/latest", NotFound, "nope"),
        (
            "models:/iris/Staging",
            InvalidInput,
            "No versions of model with name 'iris' found in stage 'Staging'",
        ),
        ("models:/iris/Prod", InvalidInput, "Invalid Model Version stage"),
        ("models:/iris@nope", InvalidInput, "nope"),
        ("ftp://host/model", InvalidInput, "cannot be reached from here"),
        ("no/such/folder", NotFound, "There is nothing at 'no/such/folder'"),
    ],
)
def test_what_is_not_there_is_named(run: Run, uri: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        model_uris.fetch(uri)
    assert message in str(caught.value)


def test_a_missing_path_of_a_run_is_named(run: Run) -> None:
    with pytest.raises(NotFound, match=f"There is nothing at 'runs:/{run.info.run_id}/other'"):
        model_uris.fetch(f"runs:/{run.info.run_id}/other")


def test_a_copy_goes_where_it_is_told(run: Run, tmp_path: Path) -> None:
    found = model_uris.fetch(f"runs:/{run.info.run_id}/model", tmp_path / "new" / "folder")

    assert found == tmp_path / "new" / "folder" / "model"
    assert (found / "data" / "weights.bin").read_text() == "x"


def test_local_folders_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "a model").mkdir()

    assert model_uris.fetch("a model") == tmp_path / "a model"
    assert model_uris.fetch((tmp_path / "a model").as_uri()) == tmp_path / "a model"
    assert not (tmp_path / "mlflow.db").exists()


def test_downloads_last_as_long_as_the_process(run: Run, uri: str, tmp_path: Path) -> None:
    code = f"""
import os
from pycore.tracking import model_uris
found = model_uris.fetch("runs:/{run.info.run_id}/model")
if os.fork() == 0:
    raise SystemExit  # a child that ends must not take the folder along
os.wait()
assert found.joinpath("MLmodel").is_file()
print(found)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )

    assert done.returncode == 0, done.stderr
    if uri.startswith("http"):
        assert not Path(done.stdout.strip()).exists()


def test_a_logged_model_is_found_in_its_run(uri: str, tmp_path: Path) -> None:
    client = MlflowClient()
    run = client.create_run("0")
    client.log_text(run.info.run_id, "note", "notes/a.txt")
    model = client.tracking.logged_models.create("0", "tree", run.info.run_id)
    store = client.tracking.artifacts.open(model.artifact_location)
    store.write("MLmodel", io.BytesIO(b"flavors: {}"))
    run_id, place = run.info.run_id, f"runs:/{run.info.run_id}/tree"

    assert [info.path for info in client.list_artifacts(run_id)] == ["notes", "tree"]
    assert (model_uris.fetch(place) / "MLmodel").is_file()
    assert model_uris.fetch(f"{place}/MLmodel").read_text() == "flavors: {}"
    whole = Path(client.download_artifacts(run_id, ""))
    assert sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*.*")) == ["notes/a.txt"]
    assert (whole / "tree/MLmodel").is_file()
    assert client.download_artifacts(run_id, "tree", tmp_path / "down") == str(tmp_path / "down/tree")

    version = mlflow.register_model(place, "iris")
    assert (version.source, version.run_id, version.model_id) == (model.model_uri, run_id, model.model_id)
    assert (model_uris.fetch("models:/iris/1") / "MLmodel").is_file()
