"""Autologging of PyTorch Lightning: `fit` of its trainers."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from typing import Any

from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.flavors import pytorch as flavor
from pycore.models.arguments import checked_fields
from pycore.tracking import fluent_logging

#: The names under which the one library is distributed.
_MODULES = ("lightning.pytorch", "pytorch_lightning")

_patches = Patches("pytorch")


@checked_fields
@dataclass(frozen=True, kw_only=True)
class PyTorchOptions(Options):
    """What a user may choose besides `Options`.

    Parameters
    ----------
    log_every_n_epoch : int
        Log the metrics of every so many epochs.
    """

    log_every_n_epoch: int = 1


@switch(_patches, PyTorchOptions)
def autolog(chosen: PyTorchOptions) -> None:
    """Log what a trainer of Lightning trains, with which optimizers, its metrics and the module.

    Plain loops of PyTorch have no place where training begins or ends: log those by hand. The arguments
    are those of `PyTorchOptions`.
    """
    loaded = [name for name in _MODULES if name in sys.modules]
    for name in loaded or [_first_installed()]:
        library = importlib.import_module(name)
        _patches.replace(library.Trainer, "fit", _observe_with(library, chosen.log_every_n_epoch))


def _observe_with(library: Any, every: int) -> Any:
    class EpochMetrics(library.Callback):  # type: ignore[misc]
        """Logs each epoch as it ends, so that a run can be watched."""

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            if (trainer.current_epoch + 1) % every == 0:
                _log_metrics(trainer)

    def observe(call: inspect.BoundArguments) -> Observer:
        trainer, module = call.arguments["self"], call.arguments["model"]
        watching = EpochMetrics()
        trainer.callbacks.append(watching)
        try:
            yield
        finally:
            trainer.callbacks.remove(watching)
        fluent_logging.log_params({"epochs": trainer.current_epoch, **_optimizers(trainer)})
        fluent_logging.log_text(str(module), "model_summary.txt")
        if _patches.options.log_models:
            name = _patches.options.registered_model_name
            # The module refers to its trainer, which holds the data.
            module.trainer = None
            try:
                flavor.log_model(module, "model", registered_model_name=name)
            finally:
                module.trainer = trainer

    return observe


def _log_metrics(trainer: Any) -> None:
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    fluent_logging.log_metrics(metrics, step=trainer.current_epoch)


def _optimizers(trainer: Any) -> dict[str, Any]:
    """Return the settings of each optimizer, numbered when there are several."""
    found: dict[str, Any] = {}
    for position, optimizer in enumerate(trainer.optimizers):
        suffix = f"_{position}" if len(trainer.optimizers) > 1 else ""
        found[f"optimizer_name{suffix}"] = type(optimizer).__name__
        found |= {f"{name}{suffix}": value for name, value in optimizer.defaults.items()}
    return found


def _first_installed() -> str:
    for name in _MODULES:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            return name
    raise ModuleNotFoundError(
        "Autologging of PyTorch needs Lightning: pip install lightning", name="lightning"
    )
