"""Logging a model into a run: what every flavor's `log_model` is made of."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.models.model_info import ModelInfo
from pycore.models.spec import Model
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.mlflow_client import MlflowClient
from pycore.tracking.register import register_model

#: Arguments of MLflow's `log_model` functions that change nothing here: a version is ready at once, and a
#: model belongs to its run, whose tags and params are its own.
_WITHOUT_MEANING = frozenset({"await_registration_for", "model_id", "model_type", "params", "step", "tags"})


def artifact_path_of(artifact_path: str | None, name: str | None) -> str:
    """Return the folder of a model in its run from the two arguments that may name it.

    Raises
    ------
    InvalidInput
        Both are given.
    """
    if artifact_path is not None and name is not None:
        raise InvalidInput("Give name or artifact_path, which is its older name, not both.")
    return artifact_path or name or "model"


def log_model(
    save: Callable[[Path, Model], None],
    artifact_path: str,
    *,
    registered_model_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
) -> ModelInfo:
    """Save a model into the artifacts of a run, and register it where a name is given.

    Parameters
    ----------
    save : callable
        ``save(folder, model)`` writes a whole model folder, its MLmodel file included, and fills in
        `model` (flavors, signature, example) on the way. `folder` does not exist yet; its parent does.
    artifact_path : str
        Folder of the model below the run's artifacts.
    registered_model_name : str, optional
        Registered model to make a version of.
    metadata : mapping, optional
        The user's own, kept in MLmodel.
    run_id : str, optional
        The active run when absent; a run is started, and stays active, when there is none.

    Returns
    -------
    ModelInfo
        With `model_uri` ``runs:/<run id>/<artifact path>`` and, if registered, the version.

    See Also
    --------
    log_saved : for flavors, whose `save_model` has the arguments all of them have.
    """
    if run_id is None:
        run = active_or_new_run()
        run_id, client = run.info.run_id, MlflowClient(run.tracking_uri)
    else:
        client = MlflowClient()
    model = Model(
        artifact_path=artifact_path, run_id=run_id, metadata=None if metadata is None else dict(metadata)
    )
    with tempfile.TemporaryDirectory(prefix="crateflow-") as temporary:
        folder = Path(temporary, "model")
        save(folder, model)
        client.log_artifacts(run_id, folder, artifact_path)
    client.tracking.runs.log_model(run_id, model.to_json())
    info = model.get_model_info(f"runs:/{run_id}/{artifact_path}")
    if registered_model_name is None:
        return info
    version = register_model(info.model_uri, registered_model_name, client=client)
    return dataclasses.replace(info, registered_model_version=str(version.version))


@checked
def log_saved(
    save_model: Callable[..., None],
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    registered_model_name: str | None = None,
    **options: Any,
) -> ModelInfo:
    """Log a model into the active run with its flavor's `save_model`.

    Parameters
    ----------
    save_model : callable
        ``save_model(folder, mlflow_model=…, **options)``.
    artifact_path, name : str, optional
        Folder in the run, under its older and newer name; ``"model"`` when neither is given.
    registered_model_name : str, optional
        Registered model to make a version of.
    options
        Those of `save_model`; some that only other versions of MLflow know are ignored.

    Returns
    -------
    ModelInfo

    Raises
    ------
    InvalidInput
        The folder is named twice, or an option cannot be used.
    TypeError
        `save_model` has no such option.

    Examples
    --------
    A flavor's own function is this call::

        def log_model(xgb_model, artifact_path=None, **options):
            return model_logging.log_saved(partial(save_model, xgb_model), artifact_path, **options)
    """
    known = {key: value for key, value in options.items() if key not in _WITHOUT_MEANING}
    return log_model(
        lambda folder, model: save_model(folder, mlflow_model=model, **known),
        artifact_path_of(artifact_path, name),
        registered_model_name=registered_model_name,
    )
