"""Logging, the same for every flavor: into the active run, under a name, registered if asked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.models import Model

ROWS = pd.DataFrame({"a": [1.0, 2.0, 4.0]})


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tracking database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    yield
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


def log_sklearn(*arguments: object, **keywords: object) -> object:
    model = LinearRegression().fit(ROWS, ROWS["a"] * 2)
    return mlflow.sklearn.log_model(model, *arguments, **keywords)


def log_function(*arguments: object, **keywords: object) -> object:
    return mlflow.pyfunc.log_model(*arguments, python_model=lambda rows: rows["a"].to_numpy() * 2, **keywords)


@pytest.fixture(params=[log_sklearn, log_function], ids=["sklearn", "pyfunc"])
def log(request: pytest.FixtureRequest) -> Callable[..., object]:
    return request.param


def test_a_logged_and_registered_model_answers_from_everywhere(log):
    with mlflow.start_run() as run:
        info = log("model", input_example=ROWS, registered_model_name="doubling", metadata={"k": "v"})
    assert info.model_uri == f"runs:/{run.info.run_id}/model"
    assert info.registered_model_version == "1"
    for uri in (info.model_uri, "models:/doubling/1", "models:/doubling/latest"):
        loaded = mlflow.pyfunc.load_model(uri)
        np.testing.assert_allclose(loaded.predict(ROWS), [2, 4, 8])
        assert loaded.metadata.run_id == run.info.run_id
        assert loaded.metadata.metadata == {"k": "v"}
        assert loaded.metadata.signature == info.signature


@pytest.mark.parametrize(
    ("arguments", "keywords", "place"),
    [
        ((), {}, "model"),
        (("m1",), {}, "m1"),
        ((), {"artifact_path": "m2"}, "m2"),
        ((), {"name": "m3"}, "m3"),
        ((), {"name": "m4", "step": 3, "model_type": "x", "await_registration_for": None}, "m4"),
    ],
)
def test_the_folder_goes_by_its_older_and_newer_name(log, arguments, keywords, place):
    with mlflow.start_run():
        assert log(*arguments, **keywords).artifact_path == place


def test_both_names_are_too_many(log):
    with mlflow.start_run(), pytest.raises(InvalidInput, match="Give name or artifact_path"):
        log("a", name="b")


def test_an_option_that_does_not_exist_is_refused(log):
    with mlflow.start_run(), pytest.raises(TypeError, match="'input_exmaple'"):
        log(input_exmaple=ROWS)


def test_a_copy_is_put_where_it_is_wanted(log, tmp_path):
    with mlflow.start_run():
        uri = log("model").model_uri
    loaded = mlflow.pyfunc.load_model(uri, dst_path=tmp_path / "copy")
    np.testing.assert_allclose(loaded.predict(ROWS), [2, 4, 8])
    assert list((tmp_path / "copy").rglob("MLmodel"))


def test_a_model_is_logged_through_its_flavors_module():
    model = LinearRegression().fit(ROWS, ROWS["a"])
    with mlflow.start_run() as run:
        info = Model.log("m", mlflow.sklearn, sk_model=model, registered_model_name="one")
    assert info.model_uri == f"runs:/{run.info.run_id}/m"
    assert isinstance(mlflow.sklearn.load_model("models:/one/1"), LinearRegression)


class TextFlavor:
    """A flavor of one's own, as MLflow's documentation has them: its `log_model` is `Model.log`."""

    @staticmethod
    def save_model(text, path, mlflow_model=None):
        path.mkdir()
        (path / "text.txt").write_text(text)
        (mlflow_model or Model()).add_flavor("text", data="text.txt").save(path / "MLmodel")

    @classmethod
    def log_model(cls, text, artifact_path, **options):
        return Model.log(artifact_path=artifact_path, flavor=cls, text=text, **options)


def test_a_model_is_logged_by_a_flavor_of_ones_own(tmp_path):
    with mlflow.start_run() as run:
        TextFlavor.log_model("hello", "mine", registered_model_name="texts")
    folder = Path(mlflow.artifacts.download_artifacts("models:/texts/1", dst_path=tmp_path))
    assert (folder / "text.txt").read_text() == "hello"
    logged = Model.load(folder)
    assert logged.flavors == {"text": {"data": "text.txt"}}
    assert (logged.run_id, logged.artifact_path) == (run.info.run_id, "mine")


def test_what_is_no_flavor_is_said():
    with pytest.raises(
        InvalidInput, match="flavor must be a module or an object with save_model, not 'sklearn'"
    ):
        Model.log("m", "sklearn")
