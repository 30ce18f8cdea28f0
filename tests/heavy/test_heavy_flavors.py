"""The flavors whose libraries are too large for every run, as `unit/pycore/flavors` tests the others."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import torch
from catboost import CatBoostClassifier, CatBoostRegressor
from flavor_contract import IRIS, NAMES, ROWS, WIDTH, Case, FlavorContract, answers
from prophet import Prophet
from pyspark.ml import Pipeline
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import LinearRegression

import pycore as mlflow
from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors import catboost, prophet, pytorch, spark, tensorflow
from pycore.flavors import keras as keras_flavor
from pycore.models import registry
from pycore.models.spec import Model

#: These libraries warn of what others of them will change.
pytestmark = pytest.mark.filterwarnings("default")

SINGLE = np.array(ROWS, np.float32)


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(module.parameters(), 0.05)
    wanted = torch.as_tensor(np.array(WIDTH, np.float32)[:, None])
    for _ in range(50):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(torch.as_tensor(SINGLE)), wanted).backward()
        optimizer.step()
    return module.eval()


def run_network(module: torch.nn.Module, rows: pd.DataFrame) -> np.ndarray:
    with torch.no_grad():
        return module(torch.as_tensor(np.array(rows, np.float32))).numpy()


def exported() -> torch.export.ExportedProgram:
    rows = torch.export.Dim("rows", min=1)
    return torch.export.export(network(), (torch.as_tensor(SINGLE),), dynamic_shapes=({0: rows},))


def run_exported(program: object, rows: pd.DataFrame) -> np.ndarray:
    module = program.module() if isinstance(program, torch.export.ExportedProgram) else program
    return run_network(module, rows)


def keras_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(SINGLE, np.array(WIDTH, np.float32), epochs=2, verbose=0)
    return model


def spark_model() -> object:
    frame = spark.session().createDataFrame(ROWS.assign(label=WIDTH))
    features = VectorAssembler(inputCols=NAMES, outputCol="features")
    return Pipeline(stages=[features, LinearRegression()]).fit(frame)


def run_spark(model: object, rows: pd.DataFrame) -> list[float]:
    return [row.prediction for row in model.transform(spark.session().createDataFrame(rows)).collect()]


CASES = {
    "catboost regressor": lambda: Case(
        catboost,
        CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False).fit(ROWS, WIDTH),
        lambda model, rows: model.predict(rows),
        {"data": "model.cb", "model_type": "CatBoostRegressor", "save_format": "cbm"},
    ),
    "catboost classifier": lambda: Case(
        catboost,
        CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False).fit(ROWS, IRIS["target"]),
        lambda model, rows: model.predict(rows),
        {"data": "model.cb", "model_type": "CatBoostClassifier"},
    ),
    "pytorch module": lambda: Case(pytorch, network(), run_network, {"model_data": "data"}),
    "pytorch exported": lambda: Case(pytorch, exported(), run_exported, {"model_data": "data"}),
    "keras": lambda: Case(
        keras_flavor,
        keras_model(),
        lambda model, rows: model.predict(np.array(rows, np.float32), verbose=0),
        {"data": "data", "save_exported_model": False},
    ),
    "tensorflow": lambda: Case(
        tensorflow,
        keras_model(),
        lambda model, rows: model.predict(np.array(rows, np.float32), verbose=0),
        {"data": "data", "model_type": "keras", "save_format": "tf"},
    ),
    "spark": lambda: Case(
        spark,
        spark_model(),
        run_spark,
        {"model_data": "sparkml", "model_class": "pyspark.ml.pipeline.PipelineModel"},
        names_only=True,
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]()


class TestHeavyFlavors(FlavorContract):
    pass


class Weighted(tf.Module):
    """Adds its inputs up, each times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[1.0], [2.0], [3.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def __call__(self, rows):
        return {"sum": rows @ self.weights}


def test_a_module_of_tensorflow_gives_arrays_by_name(tmp_path):
    tensorflow.save_model(Weighted(), tmp_path / "m")
    loaded = registry.load_pyfunc(tmp_path / "m")
    np.testing.assert_allclose(loaded.predict(SINGLE)["sum"][:, 0], SINGLE @ [1, 2, 3], rtol=1e-6)
    np.testing.assert_allclose(tensorflow.load_model(tmp_path / "m").weights.numpy()[:, 0], [1, 2, 3])
    with pytest.raises(InvalidInput, match="does not take these tensors"):
        loaded.predict(SINGLE[:, :2])


def test_a_forecast_comes_back(tmp_path):
    days = pd.date_range("2024-01-01", periods=60)
    model = Prophet(yearly_seasonality=False, daily_seasonality=False, uncertainty_samples=0)
    model.fit(pd.DataFrame({"ds": days, "y": np.arange(60.0)}))
    prophet.save_model(model, tmp_path / "m")
    asked = pd.DataFrame({"ds": pd.date_range("2024-03-01", periods=5)})
    expected = model.predict(asked)["yhat"]
    np.testing.assert_allclose(registry.load_pyfunc(tmp_path / "m").predict(asked)["yhat"], expected)
    np.testing.assert_allclose(prophet.load_model(tmp_path / "m").predict(asked)["yhat"], expected)
    assert isinstance(json.loads(json.loads((tmp_path / "m" / "model.pr").read_text())), dict)


@pytest.mark.parametrize(
    ("flavor", "message"),
    [
        (catboost, "cb_model must be a trained model of catboost, not <class 'str'>"),
        (prophet, r"pr_model must be a fitted prophet\.Prophet, not a str"),
        (pytorch, r"pytorch_model must be a torch\.nn\.Module or what torch\.export\.export returned"),
        (keras_flavor, r"model must be a keras\.Model, not a str"),
        (tensorflow, r"model must be a keras\.Model or tensorflow\.Module, not a str"),
        (spark, "spark_model must be a fitted model that Spark can write, not a str"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, flavor, message):
    with pytest.raises(InvalidInput, match=message):
        flavor.save_model("no model", tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_trained_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="no weights yet"):
        keras_flavor.save_model(keras.Sequential([keras.layers.Dense(1)]), tmp_path / "m")
    with pytest.raises(InvalidInput, match="a trained model of catboost"):
        catboost.save_model(CatBoostRegressor(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="a fitted prophet"):
        prophet.save_model(Prophet(), tmp_path / "m")


@pytest.mark.parametrize(
    ("mlmodel", "message"),
    [
        ("flavors: {catboost: {data: m}}", "cannot read m"),
        ("flavors: {catboost: {data: m, model_type: system}}", "'system'; those of catboost are"),
        ("flavors: {prophet: {data: m}}", "no forecast that Prophet can read"),
        ("flavors: {pytorch: {model_data: m}}", "cannot be read as a Python pickle"),
        ("flavors: {pytorch: {model_data: exported}}", "cannot read model.pt2"),
        ("flavors: {keras: {data: m}}", "cannot read m"),
        ("flavors: {keras: {data: empty}}", "holds none of the files model.keras, model.h5"),
        ("flavors: {tensorflow: {model_type: frozen}}", "keras or tf2-module, not 'frozen'"),
        ("flavors: {tensorflow: {saved_model_dir: empty}}", "cannot read empty"),
        ("flavors: {spark: {model_data: empty}}", "Spark cannot read empty"),
        ("flavors: {spark: {model_data: empty, model_class: os.system}}", "none of pyspark.ml"),
        (
            "flavors: {spark: {model_data: empty, model_class: pyspark.ml.feature.Gone}}",
            "no class 'pyspark.ml.feature.Gone'",
        ),
    ],
)
def test_a_folder_that_cannot_be_loaded_says_why(tmp_path, mlmodel, message):
    (tmp_path / "MLmodel").write_text(mlmodel)
    (tmp_path / "m").write_bytes(b"no model")
    (tmp_path / "empty").mkdir()
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "model.pt2").write_bytes(b"no model")
    name = next(iter(Model.load(tmp_path).flavors))
    flavors = {"keras": keras_flavor, "pytorch": pytorch, "tensorflow": tensorflow, "spark": spark}
    flavor = {**flavors, "catboost": catboost, "prophet": prophet}[name]
    with pytest.raises(InvalidModel, match=message):
        flavor.load_model(tmp_path)


def test_pickles_may_be_switched_off(tmp_path, monkeypatch):
    pytorch.save_model(network(), tmp_path / "pickled")
    pytorch.save_model(exported(), tmp_path / "exported")
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with pytest.raises(InvalidModel, match="Python pickle"):
        pytorch.load_model(tmp_path / "pickled")
    np.testing.assert_allclose(
        answers(registry.load_pyfunc(tmp_path / "exported").predict(SINGLE)),
        answers(run_network(network(), ROWS)),
        rtol=1e-5,
    )


def test_the_state_of_a_training_goes_into_a_run_and_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    module = network()
    optimizer = torch.optim.Adam(module.parameters(), 0.05)
    with mlflow.start_run() as run:
        pytorch.log_state_dict(
            {"module": module.state_dict(), "optimizer": optimizer.state_dict()}, "states/last"
        )
    found = pytorch.load_state_dict(f"runs:/{run.info.run_id}/states/last", map_location="cpu")
    again = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    again.load_state_dict(found["module"])
    assert torch.equal(again(torch.as_tensor(SINGLE)), module(torch.as_tensor(SINGLE)))
    assert found["optimizer"]["param_groups"][0]["lr"] == 0.05
    mlflow.set_tracking_uri(None)


def test_what_is_no_state_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"state_dict must be a dict, not Sequential"):
        pytorch.save_state_dict(network(), tmp_path / "s")
    with pytest.raises(InvalidModel, match=r"has no state_dict\.pth, as log_state_dict writes"):
        pytorch.load_state_dict(tmp_path)
    # A module is code, which is not run unless the caller wants it.
    torch.save(network(), tmp_path / "state_dict.pth")
    with pytest.raises(InvalidModel, match=r"cannot read state_dict\.pth: Weights only load failed"):
        pytorch.load_state_dict(tmp_path)
    assert isinstance(pytorch.load_state_dict(tmp_path, weights_only=False), torch.nn.Module)
    (tmp_path / "state_dict.pth").write_bytes(b"no state")
    with pytest.raises(InvalidModel, match=r"cannot read state_dict\.pth"):
        pytorch.load_state_dict(tmp_path)
