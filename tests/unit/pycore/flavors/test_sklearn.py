import json
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.datasets import load_iris
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pycore.errors import AlreadyExists, FlavorUnknown, InvalidInput, InvalidModel, NotFound
from pycore.flavors import pyfunc_function, sklearn
from pycore.models import registry
from pycore.models.enforce import table_from_columns
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.spec import Model

GOLDEN = Path(__file__).parents[3] / "data" / "models" / "written-by-python"
NAMES = ["sepal length (cm)", "sepal width (cm)"]


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True).frame


@pytest.fixture(scope="module")
def regression(iris):
    return LinearRegression().fit(iris[NAMES], iris["petal length (cm)"])


@pytest.fixture(scope="module")
def classifier(iris):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(iris[NAMES], iris["target"])


@pytest.fixture
def saved(tmp_path, regression, iris):
    sklearn.save_model(regression, tmp_path / "m", input_example=iris[NAMES].head(3))
    return tmp_path / "m"


@pytest.mark.parametrize("serialization_format", ["cloudpickle", "pickle"])
def test_an_estimator_comes_back(tmp_path, regression, iris, serialization_format):
    sklearn.save_model(regression, tmp_path / "m", serialization_format=serialization_format)
    loaded = sklearn.load_model(tmp_path / "m")
    assert type(loaded) is LinearRegression
    np.testing.assert_array_equal(loaded.predict(iris[NAMES]), regression.predict(iris[NAMES]))


def test_the_folder_is_that_of_mlflow(saved):
    content = yaml.safe_load((saved / "MLmodel").read_text())
    assert content["flavors"]["sklearn"] == {
        "code": None,
        "pickled_model": "model.pkl",
        "serialization_format": "cloudpickle",
        "sklearn_version": version("scikit-learn"),
    }
    pyfunc = content["flavors"]["python_function"]
    assert (pyfunc["loader_module"], pyfunc["model_path"], pyfunc["predict_fn"]) == (
        "mlflow.sklearn", "model.pkl", "predict",
    )  # fmt: skip
    assert pyfunc["env"] == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    assert (saved / "requirements.txt").read_text().splitlines()[0].startswith("scikit-learn==")


def test_every_way_of_asking_gives_the_same_answer(saved, regression, iris):
    rows = iris[NAMES]
    expected = regression.predict(rows)
    model = registry.load_pyfunc(saved)
    assert model.predict(rows).tobytes() == expected.tobytes()
    # The order of columns in memory may change the last digit of a matrix product.
    np.testing.assert_array_max_ulp(model.predict(rows[NAMES[::-1]].assign(zz=1)), expected, 2)
    columns = {name: rows[name].tolist() for name in NAMES}
    table = table_from_columns(columns, model.metadata.get_input_schema())
    scored = registry.load_predictor(saved).predict(table, {})
    np.testing.assert_array_max_ulp(scored.data, expected, 2)
    assert isinstance(model.get_raw_model(), LinearRegression)


def test_the_signature_and_the_example_are_kept(saved, iris):
    model = Model.load(saved)
    assert model.signature.inputs == Schema([ColSpec("double", name) for name in NAMES])
    assert model.signature.outputs == Schema([TensorSpec("float64", (-1,))])
    pd.testing.assert_frame_equal(model.load_input_example(saved), iris[NAMES].head(3))


def test_an_example_of_single_values_is_one_row(tmp_path, regression):
    sklearn.save_model(regression, tmp_path / "m", input_example=dict(zip(NAMES, [5.1, 3.5], strict=True)))
    assert Model.load(tmp_path / "m").signature.outputs == Schema([TensorSpec("float64", (-1,))])


def test_another_method_may_be_asked(tmp_path, classifier, iris):
    sklearn.save_model(classifier, tmp_path / "m", pyfunc_predict_fn="predict_proba")
    model = registry.load_pyfunc(tmp_path / "m")
    np.testing.assert_array_equal(model.predict(iris[NAMES]), classifier.predict_proba(iris[NAMES]))
    assert model.row_wise


def test_a_method_that_is_not_row_wise_is_never_batched(tmp_path, classifier):
    sklearn.save_model(classifier, tmp_path / "m", pyfunc_predict_fn="get_params")
    assert not registry.load_predictor(tmp_path / "m").batchable


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pyfunc_predict_fn": "predict_proba"}, "A LinearRegression has no method 'predict_proba'"),
        ({"serialization_format": "skops"}, "serialization_format is one of cloudpickle, pickle"),
    ],
)
def test_what_cannot_be_saved_is_refused(tmp_path, regression, given, message):
    with pytest.raises(InvalidInput, match=message):
        sklearn.save_model(regression, tmp_path / "m", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_never_overwritten(saved, regression):
    with pytest.raises(AlreadyExists, match="is not empty"):
        sklearn.save_model(regression, saved)


def old_folder(saved, tmp_path, mlmodel):
    """A folder as MLflow 1.x left it: the data and an MLmodel, nothing else."""
    folder = tmp_path / "old"
    folder.mkdir()
    shutil.copy(saved / "model.pkl", folder / "model.pkl")
    (folder / "MLmodel").write_text(mlmodel)
    return folder


VERSION_1 = """
artifact_path: model
flavors:
  python_function:
    data: model.pkl
    env: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.6.5
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 0.19.1
run_id: 95e1c2b4ec8b4c7bbf0c2a5f2b5a9d3f
utc_time_created: '2019-05-01 10:00:00.000000'
"""

VERSION_0 = """
flavors:
  python_function: {loader_module: mlflow.sklearn, data: model.pkl, python_version: 2.7}
"""


@pytest.mark.parametrize("mlmodel", [VERSION_1, VERSION_0])
def test_folders_of_early_versions_load(saved, tmp_path, regression, iris, mlmodel):
    folder = old_folder(saved, tmp_path, mlmodel)
    expected = regression.predict(iris[NAMES])
    np.testing.assert_array_equal(registry.load_pyfunc(folder).predict(iris[NAMES]), expected)


def test_an_estimator_of_an_early_folder_loads_as_it_was(saved, tmp_path):
    assert isinstance(sklearn.load_model(old_folder(saved, tmp_path, VERSION_1)), LinearRegression)


@pytest.mark.parametrize(
    ("mlmodel", "error", "message"),
    [
        ("flavors: {crate: {}}", InvalidModel, "is no sklearn model; its flavors are crate"),
        ("flavors: {sklearn: {pickled_model: gone.pkl}}", InvalidModel, r"lacks 'gone\.pkl'"),
        ("flavors: {sklearn: {pickled_model: ../m.pkl}}", InvalidModel, "leaves the model folder"),
        ("flavors: {sklearn: {}}", InvalidModel, "pickled_model must be a path"),
        (
            "flavors: {sklearn: {serialization_format: skops, pickled_model: model.pkl}}",
            InvalidModel,
            r"model\.pkl cannot be read",
        ),
    ],
)
def test_a_folder_that_cannot_be_loaded_says_why(saved, tmp_path, mlmodel, error, message):
    with pytest.raises(error, match=message):
        sklearn.load_model(old_folder(saved, tmp_path, mlmodel))


def test_a_damaged_pickle_is_no_model(saved):
    (saved / "model.pkl").write_bytes((saved / "model.pkl").read_bytes()[:100])
    with pytest.raises(InvalidModel, match=r"model\.pkl cannot be read as a Python pickle"):
        sklearn.load_model(saved)


def test_a_method_that_mlmodel_names_must_be_there(saved):
    text = (saved / "MLmodel").read_text().replace("predict_fn: predict", "predict_fn: transform")
    (saved / "MLmodel").write_text(text)
    with pytest.raises(InvalidModel, match="LinearRegression has no method 'transform', which MLmodel names"):
        registry.load_pyfunc(saved)


def test_a_missing_library_names_the_requirements(saved):
    (saved / "model.pkl").write_bytes(b"cno_such_library\nThing\n.")
    with pytest.raises(FlavorUnknown, match=r"'no_such_library'.*pip install -r .*requirements\.txt"):
        sklearn.load_model(saved)


def test_nothing_at_a_path_is_not_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="There is nothing at"):
        sklearn.load_model(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_model_saved_once_and_kept_still_answers_the_same():
    folder = GOLDEN / "sklearn-iris"
    expected = json.loads((GOLDEN / "sklearn-iris.predictions.json").read_text())
    model = registry.load_pyfunc(folder, suppress_warnings=True)
    example = model.input_example
    np.testing.assert_allclose(model.predict(example), expected, rtol=1e-14)
    assert model.metadata.signature.inputs == Schema([ColSpec("double", name) for name in NAMES])
    serving = json.loads((folder / "serving_input_example.json").read_text())["dataframe_split"]
    columns = dict(zip(serving["columns"], map(list, zip(*serving["data"], strict=True)), strict=True))
    table = table_from_columns(columns, model.metadata.get_input_schema())
    np.testing.assert_allclose(registry.load_predictor(folder).predict(table, {}).data, expected, rtol=1e-14)


def skops_folder(folder: Path, estimator, trusted: str = "null") -> Path:
    """A folder as MLflow 3 writes it by default."""
    folder.mkdir()
    skops.io.dump(estimator, folder / "model.skops")
    (folder / "MLmodel").write_text(
        "flavors:\n"
        "  python_function: {loader_module: mlflow.sklearn, model_path: model.skops, predict_fn: predict}\n"
        "  sklearn: {pickled_model: model.skops, serialization_format: skops, code: null,\n"
        f"    skops_trusted_types: {trusted}}}\n"
    )
    return folder


class Unheard(DummyRegressor):
    """A type that skops does not know."""


def test_the_format_of_mlflow_3_is_read(tmp_path, regression):
    folder = skops_folder(tmp_path / "m", regression)
    rows = pd.DataFrame(np.zeros((2, 2)), columns=NAMES)
    assert list(sklearn.load_model(folder).predict(rows)) == list(regression.predict(rows))
    assert list(pyfunc_function.load_model(folder).predict(rows)) == list(regression.predict(rows))


def test_only_known_or_declared_types_are_made(tmp_path, monkeypatch, regression):
    own = Unheard().fit([[1.0]], [2.0])
    with pytest.raises(InvalidModel, match=r"model\.skops cannot be read.*Unheard"):
        sklearn.load_model(skops_folder(tmp_path / "unknown", own))
    declared = skops_folder(tmp_path / "declared", own, trusted=f"[{__name__}.Unheard]")
    assert list(sklearn.load_model(declared).predict([[1.0]])) == [2.0]
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with pytest.raises(InvalidModel, match="MLFLOW_ALLOW_PICKLE_DESERIALIZATION is false"):
        sklearn.load_model(skops_folder(tmp_path / "refused", regression))
