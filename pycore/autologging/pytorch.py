"""Autologging of PyTorch Lightning: `fit` of its trainers."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.errors import InvalidInput
from pycore.flavors import pytorch as flavor
from pycore.flavors.pytorch_checkpoints import path_of
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
    log_every_n_step : int, optional
        Log those of every so many batches too; all are logged by the number of the batch then.
    checkpoint : bool
        Keep the state of the training in the run, see `pytorch.load_checkpoint`.
    checkpoint_monitor : str
        Metric that tells the best checkpoint; without this metric, none is kept for being the best.
    checkpoint_mode : {"min", "max"}
        Whether a lower or a higher value of it is better.
    checkpoint_save_best_only : bool
        Keep the best alone, each in place of the one before; otherwise every one.
    checkpoint_save_weights_only : bool
        Leave the state of the optimizers out.
    checkpoint_save_freq : int or "epoch"
        After how many batches a checkpoint is due.
    """

    log_every_n_epoch: int = 1
    log_every_n_step: int | None = None
    checkpoint: bool = True
    checkpoint_monitor: str = "val_loss"
    checkpoint_mode: str = "min"
    checkpoint_save_best_only: bool = True
    checkpoint_save_weights_only: bool = False
    checkpoint_save_freq: int | str = "epoch"

    def __post_init__(self) -> None:
        if self.checkpoint_mode not in ("min", "max"):
            raise InvalidInput(f"checkpoint_mode must be 'min' or 'max', not {self.checkpoint_mode!r}.")
        if isinstance(self.checkpoint_save_freq, str) and self.checkpoint_save_freq != "epoch":
            raise InvalidInput(
                "checkpoint_save_freq must be 'epoch' or a number of batches, not "
                f"{self.checkpoint_save_freq!r}."
            )
        for name in ("log_every_n_epoch", "log_every_n_step", "checkpoint_save_freq"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 1:
                raise InvalidInput(f"{name} must be 1 or more, not {value}.")


@switch(_patches, PyTorchOptions)
def autolog(chosen: PyTorchOptions) -> None:
    """Log what a trainer of Lightning trains, with which optimizers, its metrics and the module.

    Plain loops of PyTorch have no place where training begins or ends: log those by hand. The arguments
    are those of `PyTorchOptions`.
    """
    loaded = [name for name in _MODULES if name in sys.modules]
    for name in loaded or [_first_installed()]:
        library = importlib.import_module(name)
        _patches.replace(library.Trainer, "fit", _observe_with(library, chosen))


def _observe_with(library: Any, chosen: PyTorchOptions) -> Any:
    class Watching(library.Callback):  # type: ignore[misc]
        """Logs each epoch as it ends, so that a run can be watched."""

        def __init__(self) -> None:
            checkpoints = _Checkpoints(chosen)
            self._log_metrics = _patches.while_it_works(_log_metrics)
            self._keep_checkpoint = _patches.while_it_works(checkpoints.keep)

        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if _is_due(chosen.log_every_n_step, trainer.global_step):
                self._log_metrics(trainer, trainer.global_step)
            if _is_due(chosen.checkpoint_save_freq, trainer.global_step):
                self._keep_checkpoint(trainer, global_step=trainer.global_step)

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            if _is_due(chosen.log_every_n_epoch, trainer.current_epoch + 1):
                by_epoch = chosen.log_every_n_step is None
                self._log_metrics(trainer, trainer.current_epoch if by_epoch else trainer.global_step)
            if chosen.checkpoint_save_freq == "epoch":
                self._keep_checkpoint(trainer, epoch=trainer.current_epoch)

    def observe(call: inspect.BoundArguments) -> Observer:
        trainer, module = call.arguments["self"], call.arguments["model"]
        watching = Watching()
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


class _Checkpoints:
    """Those of one training."""

    def __init__(self, chosen: PyTorchOptions) -> None:
        self._chosen = chosen
        self._best: float | None = None

    def keep(self, trainer: Any, **when: int) -> None:
        """Keep a checkpoint that is due, named by its epoch or step, unless a better one is kept."""
        if not self._chosen.checkpoint:
            return
        if self._chosen.checkpoint_save_best_only:
            if not self._is_best(trainer.callback_metrics.get(self._chosen.checkpoint_monitor)):
                return
            when = {}
        path = path_of(**when)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / path.name
            # All processes of a training take part; one of them writes.
            trainer.save_checkpoint(file, weights_only=self._chosen.checkpoint_save_weights_only)
            if file.exists():
                fluent_logging.log_artifact(file, str(path.parent))

    def _is_best(self, value: Any) -> bool:
        if value is None or math.isnan(value):
            return False
        # Less is better.
        score = float(value) if self._chosen.checkpoint_mode == "min" else -float(value)
        if self._best is not None and score >= self._best:
            return False
        self._best = score
        return True


def _is_due(every: int | str | None, number: int) -> bool:
    return isinstance(every, int) and number % every == 0


def _log_metrics(trainer: Any, step: int) -> None:
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    fluent_logging.log_metrics(metrics, step=step)


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
