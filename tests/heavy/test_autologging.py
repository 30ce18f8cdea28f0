"""What trainings of the libraries too large for every run leave in a run."""

from pathlib import Path

import keras
import lightning
import numpy as np
import pytest
import torch
from flavor_contract import ROWS, WIDTH

import pycore as mlflow
from pycore.models.signature import infer_signature
from pycore.tracking import MlflowClient

X = np.array(ROWS, np.float32)
Y = np.array(WIDTH, np.float32)[:, None]

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    yield
    mlflow.autolog(disable=True)
    mlflow.set_tracking_uri(None)


def only_run():
    (run,) = mlflow.search_runs(output_format="list", search_all_experiments=True)
    return run


def steps(run, metric):
    return [point.step for point in MlflowClient().get_metric_history(run.info.run_id, metric)]


def summary(run):
    path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="model_summary.txt")
    return Path(path).read_text()


def test_a_model_of_keras():
    mlflow.keras.autolog()
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    trained = model.fit(X, Y, epochs=3, batch_size=50, verbose=0)
    run = only_run()
    assert run.data.params["epochs"] == "3"
    assert run.data.params["batch_size"] == "50"
    assert run.data.params["optimizer_name"] == "sgd"
    assert float(run.data.params["optimizer_learning_rate"]) == pytest.approx(0.01)
    assert steps(run, "loss") == [0, 1, 2]
    assert run.data.metrics["loss"] == pytest.approx(trained.history["loss"][-1])
    assert run.data.metrics["mae"] == pytest.approx(trained.history["mae"][-1])
    assert "dense" in summary(run)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_allclose(loaded.predict(X), model.predict(X, verbose=0), rtol=1e-6)
    assert loaded.metadata.signature == infer_signature(X, model.predict(X, verbose=0))
    assert loaded.input_example is None


def test_a_model_of_keras_with_the_first_rows():
    mlflow.keras.autolog(log_input_examples=True)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    loaded = mlflow.pyfunc.load_model(f"runs:/{only_run().info.run_id}/model")
    np.testing.assert_array_equal(loaded.input_example, X[:5])


def test_a_model_of_keras_may_do_without_a_signature():
    mlflow.keras.autolog(log_model_signatures=False)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    loaded = mlflow.pyfunc.load_model(f"runs:/{only_run().info.run_id}/model")
    assert loaded.metadata.signature is None
    np.testing.assert_allclose(loaded.predict(X), model.predict(X, verbose=0), rtol=1e-6)


def test_a_model_of_keras_with_two_inputs():
    mlflow.keras.autolog()
    inputs = [keras.layers.Input((3,)), keras.layers.Input((3,))]
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Add()(inputs)))
    model.compile("sgd", "mse")
    model.fit([X, X], Y, verbose=0)
    run = only_run()
    assert run.inputs.dataset_inputs == ()
    assert mlflow.keras.load_model(f"runs:/{run.info.run_id}/model").count_params() == 4


class Line(lightning.LightningModule):
    """A regression that logs its loss."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, rows):
        return self.layer(rows)

    def training_step(self, batch, _):
        rows, target = batch
        loss = torch.nn.functional.mse_loss(self(rows), target)
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def train(module, epochs):
    rows = torch.utils.data.TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    trainer = lightning.Trainer(
        max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, accelerator="cpu",
    )  # fmt: skip
    trainer.fit(module, torch.utils.data.DataLoader(rows, batch_size=50))
    return trainer


def test_a_module_of_lightning():
    mlflow.pytorch.autolog()
    module = Line()
    trainer = train(module, 3)
    run = only_run()
    assert run.data.tags["mlflow.autologging"] == "pytorch"
    assert run.data.params["epochs"] == "3"
    assert run.data.params["optimizer_name"] == "SGD"
    assert run.data.params["lr"] == "0.01"
    assert steps(run, "train_loss") == [0, 1, 2]
    assert run.data.metrics["train_loss"] == pytest.approx(float(trainer.callback_metrics["train_loss"]))
    assert "Linear" in summary(run)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    with torch.no_grad():
        np.testing.assert_allclose(loaded.predict(X), module(torch.as_tensor(X)).numpy(), rtol=1e-6)
    assert [type(callback).__name__ for callback in trainer.callbacks].count("EpochMetrics") == 0


def test_epochs_may_be_left_out():
    mlflow.pytorch.autolog(log_every_n_epoch=2, log_models=False)
    train(Line(), 4)
    assert steps(only_run(), "train_loss") == [1, 3]
