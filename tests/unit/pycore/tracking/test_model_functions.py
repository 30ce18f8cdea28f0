from pathlib import Path

import pytest
import yaml

import pycore as mlflow
from pycore.errors import InvalidInput, InvalidModel, NotFound
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.models.spec import Model
from pycore.tracking import model_logging
from pycore.tracking.model_functions import get_model_info, set_signature

SIGNATURE = ModelSignature(Schema([ColSpec("double", "a")]))


def save(folder: Path, model: Model) -> None:
    folder.mkdir()
    model.add_flavor("text", data="text.txt")
    model.save(folder)


@pytest.mark.usefixtures("uri")
def test_a_logged_model_gets_another_signature() -> None:
    with mlflow.start_run():
        uri = model_logging.log_model(save, "models/iris").model_uri
    assert get_model_info(uri).signature is None

    set_signature(uri, SIGNATURE)

    found = get_model_info(uri)
    assert found.signature == SIGNATURE
    assert found.flavors == {"text": {"data": "text.txt"}}
    assert found.model_uri == uri


def test_a_folder_gets_another_signature(tmp_path: Path) -> None:
    save(tmp_path / "m", Model())
    set_signature(str(tmp_path / "m"), SIGNATURE)
    assert Model.load(tmp_path / "m").signature == SIGNATURE


def test_a_registered_version_never_changes() -> None:
    with pytest.raises(InvalidInput, match="is a registered version, which never changes"):
        set_signature("models:/iris/1", SIGNATURE)


def test_what_is_no_signature_or_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="must be a ModelSignature, not a dict"):
        set_signature(str(tmp_path), {})
    with pytest.raises(NotFound, match="There is nothing at"):
        set_signature(str(tmp_path), SIGNATURE)
    (tmp_path / "MLmodel").write_text("[]")
    with pytest.raises(InvalidModel, match="a mapping"):
        set_signature(str(tmp_path), SIGNATURE)


def test_a_model_is_read_by_uri(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model("m", python_model=lambda rows: rows, metadata={"team": "red"})
    uri = f"runs:/{run.info.run_id}/m"
    mlflow.register_model(uri, "named")

    for place in (uri, "models:/named/1", mlflow.artifacts.download_artifacts(uri)):
        found = mlflow.models.Model.load(place)
        assert found.metadata == {"team": "red"}
        assert isinstance(found, mlflow.models.Model)
    own = mlflow.models.Model().add_flavor("mine", {"data": "file"})
    own.save(tmp_path / "own")
    assert mlflow.models.model.Model.load(tmp_path / "own").flavors == {"mine": {"data": "file"}}
    with pytest.raises(NotFound):
        mlflow.models.Model.load("models:/named/2")


def save_with_packages(folder: Path, model: Model) -> None:
    save(folder, model)
    (folder / "requirements.txt").write_text("pandas==2.0\n# why not\nnumpy")
    (folder / "conda.yaml").write_text(
        "name: x\ndependencies: [python=3.11, pip, {pip: [pandas==2.0, numpy]}]"
    )


@pytest.mark.usefixtures("uri")
def test_the_packages_of_a_logged_model_change() -> None:
    with mlflow.start_run():
        uri = model_logging.log_model(save_with_packages, "model").model_uri

    mlflow.models.update_model_requirements(uri, "add", ["Pandas==2.2", "scipy"])
    mlflow.models.update_model_requirements(uri, "remove", ["numpy==1"])

    text = mlflow.artifacts.load_text(f"{uri}/requirements.txt")
    assert text.splitlines() == ["# why not", "Pandas==2.2", "scipy"]
    conda = yaml.safe_load(mlflow.artifacts.load_text(f"{uri}/conda.yaml"))
    assert conda == {"name": "x", "dependencies": ["python=3.11", "pip", {"pip": ["Pandas==2.2", "scipy"]}]}


def test_a_model_that_names_no_packages(tmp_path: Path) -> None:
    save(tmp_path / "m", Model())
    with pytest.raises(InvalidInput, match=r"neither requirements\.txt nor conda\.yaml"):
        mlflow.models.update_model_requirements(str(tmp_path / "m"), "add", ["numpy"])


@pytest.mark.parametrize(
    ("operation", "requirements", "message"),
    [
        ("replace", ["numpy"], "operation must be 'add' or 'remove', not 'replace'"),
        ("add", "numpy", "requirement_list must be a list, not 'numpy'"),
        ("add", [], "requirement_list must name requirements; it is empty"),
        ("add", ["-r x.txt"], "Not a requirement as pip takes them: '-r x.txt'"),
    ],
)
def test_requirements_that_cannot_be_used(
    tmp_path: Path, operation: str, requirements: object, message: str
) -> None:
    save(tmp_path / "m", Model())
    with pytest.raises(InvalidInput, match=message):
        mlflow.models.update_model_requirements(str(tmp_path / "m"), operation, requirements)
