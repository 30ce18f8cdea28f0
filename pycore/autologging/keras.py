"""Autologging of Keras: `fit` of its models, whatever library computes them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.autologging.trained_model import log_model
from pycore.autologging.training_data import training_data
from pycore.flavors import keras as flavor
from pycore.tracking import fluent_logging

#: Arguments of fit that are no data.
_ARGUMENTS = ("batch_size", "epochs", "initial_epoch", "shuffle", "steps_per_epoch", "validation_split")

_patches = Patches("keras")


@switch(_patches, Options)
def autolog(_: Options) -> None:
    """Log what a model is fitted to and with, its optimizer, the metrics of every epoch and the model.

    The arguments are those of `pycore.autologging.patching.Options`.
    """
    import keras  # an extra brings it

    # The library that computes gives models their fit.
    definer = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
    _patches.replace(definer, "fit", _observe)


def _observe(call: inspect.BoundArguments) -> Observer:
    import keras  # as above

    class EpochMetrics(keras.callbacks.Callback):  # type: ignore[misc]
        """Logs each epoch as it ends, so that a run can be watched."""

        def __init__(self) -> None:
            super().__init__()
            self._log = _patches.while_it_works(_log_epoch)

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            self._log(epoch, logs or {})

    call.apply_defaults()
    model = call.arguments["self"]
    fluent_logging.log_params({name: call.arguments[name] for name in _ARGUMENTS if name in call.arguments})
    fluent_logging.log_params(_optimizer(model))
    rows = call.arguments["x"]
    # A list has the rows of each of several inputs, and is no table.
    data = None if isinstance(rows, list | tuple) else training_data(rows, call.arguments["y"])
    if _patches.options.log_datasets and data is not None:
        data.log()
    callbacks = call.arguments["callbacks"] or []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks.append(EpochMetrics())
    else:
        given = [*callbacks] if isinstance(callbacks, list | tuple) else [callbacks]
        call.arguments["callbacks"] = [*given, EpochMetrics()]
    yield
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    fluent_logging.log_text("\n".join(lines), "model_summary.txt")
    log_model(flavor.log_model, model, _patches.options, data, lambda rows: model.predict(rows, verbose=0))


def _log_epoch(epoch: int, metrics: Mapping[str, float]) -> None:
    fluent_logging.log_metrics({name: float(value) for name, value in metrics.items()}, epoch)


def _optimizer(model: Any) -> dict[str, Any]:
    """Return an optimizer's settings under names of their own."""
    if getattr(model, "optimizer", None) is None:
        return {}
    settings = model.optimizer.get_config()
    name = settings.pop("name", type(model.optimizer).__name__)
    return {"optimizer_name": name} | {f"optimizer_{key}": value for key, value in settings.items()}
