"""Checkpoints of PyTorch Lightning among the artifacts of a run.

The last one is ``checkpoints/latest_checkpoint.pth``; where each is kept, each has a folder of its own,
``checkpoints/epoch_<n>`` or ``checkpoints/global_step_<n>``. The names are MLflow's.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pycore.errors import InvalidInput, NotFound
from pycore.models.arguments import checked
from pycore.tracking.active_run import active_run
from pycore.tracking.mlflow_client import MlflowClient

_FOLDER = PurePosixPath("checkpoints")
_LATEST = _FOLDER / "latest_checkpoint.pth"
_NUMBERED = re.compile(r"(?:epoch|global_step)_(\d+)")


def path_of(*, epoch: int | None = None, global_step: int | None = None) -> PurePosixPath:
    """Return where a run has the checkpoint of an epoch or step, or the one that replaces the one before."""
    if epoch is not None:
        return _FOLDER / f"epoch_{epoch}" / "checkpoint.pth"
    if global_step is not None:
        return _FOLDER / f"global_step_{global_step}" / "checkpoint.pth"
    return _LATEST


@checked
def load_checkpoint(
    model_class: type,
    run_id: str | None = None,
    epoch: int | None = None,
    global_step: int | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Load a module of Lightning as it was in the middle of an autologged training.

    Parameters
    ----------
    model_class : type
        Of the module, a subclass of ``LightningModule``.
    run_id : str, optional
        Of the training; the active run when None.
    epoch, global_step : int, optional
        Which of the checkpoints, where the training kept each; without either, the last.
    kwargs : mapping, optional
        Arguments of ``load_from_checkpoint``.

    Raises
    ------
    InvalidInput
        Both an epoch and a step are given, or no run.
    NotFound
        The run has no such checkpoint.
    """
    if epoch is not None and global_step is not None:
        raise InvalidInput("Give epoch or global_step, not both: a training keeps the one kind or the other.")
    run = active_run()
    if run_id is None and run is None:
        raise InvalidInput("run_id is needed where no run is active.")
    client = MlflowClient(run.tracking_uri if run and run_id is None else None)
    run_id = run_id or run.info.run_id  # type: ignore[union-attr]  # one of the two is there
    path = path_of(epoch=epoch, global_step=global_step)
    if path == _LATEST:
        path = _last_of(client, run_id)
    with tempfile.TemporaryDirectory() as folder:
        file = client.download_artifacts(run_id, str(path), folder)
        return model_class.load_from_checkpoint(file, **(kwargs or {}))  # type: ignore[attr-defined]


def _last_of(client: MlflowClient, run_id: str) -> PurePosixPath:
    """Return the last checkpoint of a run."""
    there = [PurePosixPath(file.path) for file in client.list_artifacts(run_id, str(_FOLDER))]
    if _LATEST in there:
        return _LATEST
    numbered = {int(found[1]): path for path in there if (found := _NUMBERED.fullmatch(path.name))}
    if not numbered:
        raise NotFound(f"Run {run_id} has no checkpoint: they are kept by pytorch.autolog(checkpoint=True).")
    return numbered[max(numbered)] / "checkpoint.pth"
