"""What trainings of the libraries too large for every run leave in a run."""

from pathlib import Path

import keras
import lightning
import numpy as np
import pytest
import torch
from flavor_contract import ROWS, WIDTH

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound
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


class CheckedLine(Line):
    """Says how good it is after each epoch: 4, 2, 3, 1 and so on."""

    def validation_step(self, batch, _):
        self.log("val_loss", [4.0, 2.0, 3.0, 1.0][self.current_epoch])


def train(module, epochs):
    rows = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.as_tensor(X), torch.as_tensor(Y)), batch_size=50
    )
    trainer = lightning.Trainer(
        max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, accelerator="cpu", num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(module, rows, rows if isinstance(module, CheckedLine) else None)
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


def test_steps_may_be_logged_too():
    mlflow.pytorch.autolog(log_every_n_step=2, log_models=False)
    train(Line(), 2)
    # Three batches an epoch, and what is known after the batches 2, 4 and 6 and after each epoch.
    assert set(steps(only_run(), "train_loss")) == {3, 4, 6}


def checkpoints(run, folder="checkpoints"):
    return [file.path for file in MlflowClient().list_artifacts(run.info.run_id, folder)]


def test_the_best_state_of_a_module_is_kept():
    mlflow.pytorch.autolog(log_models=False)
    module = CheckedLine()
    train(module, 3)
    run = only_run()
    assert checkpoints(run) == ["checkpoints/latest_checkpoint.pth"]
    best = MlflowClient().download_artifacts(run.info.run_id, "checkpoints/latest_checkpoint.pth")
    assert torch.load(best)["epoch"] == 1
    loaded = mlflow.pytorch.load_checkpoint(CheckedLine, run.info.run_id)
    assert not torch.equal(loaded.layer.weight, module.layer.weight)
    with pytest.raises(NotFound, match="epoch_7"):
        mlflow.pytorch.load_checkpoint(CheckedLine, run.info.run_id, epoch=7)


def test_every_state_of_a_module_may_be_kept():
    mlflow.pytorch.autolog(log_models=False, checkpoint_save_best_only=False)
    module = CheckedLine()
    with mlflow.start_run() as run:
        train(module, 3)
        assert sorted(checkpoints(run)) == [f"checkpoints/epoch_{epoch}" for epoch in range(3)]
        last = mlflow.pytorch.load_checkpoint(CheckedLine)
    assert torch.equal(last.layer.weight, module.layer.weight)
    first = mlflow.pytorch.load_checkpoint(CheckedLine, run.info.run_id, epoch=0)
    assert not torch.equal(first.layer.weight, module.layer.weight)


def test_states_are_kept_by_the_number_of_batches():
    mlflow.pytorch.autolog(
        log_models=False, checkpoint_save_best_only=False, checkpoint_save_freq=4,
        checkpoint_save_weights_only=True,
    )  # fmt: skip
    train(Line(), 3)
    run = only_run()
    assert sorted(checkpoints(run)) == ["checkpoints/global_step_4", "checkpoints/global_step_8"]
    file = MlflowClient().download_artifacts(run.info.run_id, "checkpoints/global_step_8/checkpoint.pth")
    assert "optimizer_states" not in torch.load(file)
    assert isinstance(mlflow.pytorch.load_checkpoint(Line, run.info.run_id, global_step=4), Line)


def test_no_state_is_kept_without_the_metric_or_the_wish():
    mlflow.pytorch.autolog(log_models=False)
    train(Line(), 2)
    run = only_run()
    assert checkpoints(run) == []
    with pytest.raises(NotFound, match=f"Run {run.info.run_id} has no checkpoint"):
        mlflow.pytorch.load_checkpoint(Line, run.info.run_id)
    mlflow.pytorch.autolog(log_models=False, checkpoint=False)
    with mlflow.start_run() as second:
        train(CheckedLine(), 2)
    assert checkpoints(second) == []


def test_a_checkpoint_is_of_one_kind():
    with pytest.raises(InvalidInput, match="Give epoch or global_step, not both"):
        mlflow.pytorch.load_checkpoint(Line, "0" * 32, epoch=1, global_step=1)
    with pytest.raises(InvalidInput, match="run_id is needed"):
        mlflow.pytorch.load_checkpoint(Line)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"checkpoint_mode": "best"}, "checkpoint_mode must be 'min' or 'max', not 'best'"),
        ({"checkpoint_save_freq": "step"}, "must be 'epoch' or a number of batches, not 'step'"),
        ({"log_every_n_step": 0}, "log_every_n_step must be 1 or more, not 0"),
    ],
)
def test_options_of_lightning_that_fit_nothing(options, says):
    with pytest.raises(InvalidInput, match=says):
        mlflow.pytorch.autolog(**options)


def gone(*_, **__):
    raise ConnectionError("the server is gone")


def test_trainings_go_on_without_their_server(monkeypatch):
    monkeypatch.setattr("pycore.tracking.fluent_logging.log_metrics", gone)
    mlflow.autolog(log_models=False)
    with pytest.warns(UserWarning, match="Autologging of pytorch failed: ConnectionError") as told:
        assert train(Line(), 3).current_epoch == 3
    assert len([each for each in told if "Autologging" in str(each.message)]) == 1
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="Autologging of keras failed: ConnectionError"):
        assert len(model.fit(X, Y, epochs=3, verbose=0).history["loss"]) == 3
