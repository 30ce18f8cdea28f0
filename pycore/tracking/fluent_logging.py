"""Module-level functions that log into the active run; they start one when there is none.

Where `run_id` is given, it names the run instead. With ``synchronous=False`` what is logged is written
in the background by the end of the run at the latest, and a `PendingWrite` returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pycore.entities import RunTag
from pycore.models.arguments import checked
from pycore.tracking import fluent_inputs, values
from pycore.tracking.active_experiment import active_experiment_id
from pycore.tracking.active_model import get_active_model_id
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.async_logging import PendingWrite
from pycore.tracking.mlflow_client import MlflowClient

if TYPE_CHECKING:
    import pandas as pd


@checked
def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Write a parameter, once, as text; return the value as given.

    Raises
    ------
    InvalidInput
        The run has another value under the key, or the key is not legal.
    """
    client, run_id = _target()
    return client.log_param(run_id, key, value, synchronous)


@checked
def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> PendingWrite | None:
    """Write parameters."""
    client, run_id = _target(run_id)
    return client.log_batch(run_id, params=values.params(params), synchronous=synchronous)


@checked
def log_metric(
    key: str,
    value: Any,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> PendingWrite | None:
    """Append a point to a metric.

    Parameters
    ----------
    value : number-like
        See `pycore.tracking.values.metric`; NaN and the infinities are kept.
    step : int, optional
        0 when absent. The latest point is the one of the largest step, not the last one written.
    timestamp : int, optional
        Milliseconds since 1970 UTC; now when absent.
    model_id : str, optional
        Logged model that was measured; the active one when absent.
    dataset : Dataset, optional
        What it was measured on, noted as an input of the run; see `log_input`.
    """
    client, run_id = _target(run_id)
    about = _measured(client, run_id, model_id, dataset)
    return client.log_metric(run_id, key, value, timestamp, step, synchronous, **about)


@checked
def log_metrics(
    metrics: Mapping[str, Any],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> PendingWrite | None:
    """Append a point to each of several metrics; see `log_metric`."""
    client, run_id = _target(run_id)
    points = values.metrics(metrics, timestamp, step, **_measured(client, run_id, model_id, dataset))
    return client.log_batch(run_id, metrics=points, synchronous=synchronous)


@checked
def set_tag(key: str, value: Any, synchronous: bool | None = None) -> PendingWrite | None:
    """Set or replace a tag."""
    client, run_id = _target()
    return client.set_tag(run_id, key, value, synchronous)


@checked
def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> PendingWrite | None:
    """Set or replace tags."""
    client, run_id = _target()
    return client.log_batch(run_id, tags=values.tags(RunTag, tags), synchronous=synchronous)


@checked
def delete_tag(key: str) -> None:
    """Remove a tag; `NotFound` when there is none of this key."""
    client, run_id = _target()
    client.delete_tag(run_id, key)


@checked
def log_artifact(local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Copy a file, or a folder under its own name, into a folder of the run."""
    client, run_id = _target(run_id)
    client.log_artifact(run_id, local_path, artifact_path)


@checked
def log_artifacts(local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Copy what is in a folder into a folder of the run."""
    client, run_id = _target(run_id)
    client.log_artifacts(run_id, local_dir, artifact_path)


@checked
def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Write a text, in UTF-8, to a file of the run."""
    client, run_id = _target(run_id)
    client.log_text(run_id, text, artifact_file)


@checked
def log_stream(stream: BinaryIO, artifact_file: str, run_id: str | None = None) -> None:
    """Write what is read from a stream of bytes to a file of the run."""
    client, run_id = _target(run_id)
    client.log_stream(run_id, stream, artifact_file)


@checked
def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Write a dictionary or list to a file of the run: YAML where the name says so, otherwise JSON."""
    client, run_id = _target(run_id)
    client.log_dict(run_id, dictionary, artifact_file)


@checked
def log_figure(figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None) -> None:
    """Write a figure of matplotlib or plotly to a file of the run, in the format of its suffix."""
    client, run_id = _target()
    client.log_figure(run_id, figure, artifact_file, save_kwargs=save_kwargs)


@checked
def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Write a picture to a file of the run, or as the next of the series `key`; see `MlflowClient`."""
    client, run_id = _target()
    client.log_image(run_id, image, artifact_file, key, step, timestamp, synchronous)


@checked
def log_table(data: pd.DataFrame | Mapping[str, Any], artifact_file: str, run_id: str | None = None) -> None:
    """Write a table to a JSON or Parquet file of the run, below the rows it has already."""
    client, run_id = _target(run_id)
    client.log_table(run_id, data, artifact_file)


@checked
def load_table(
    artifact_file: str, run_ids: Sequence[str] | None = None, extra_columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the rows of a table, of these runs or of all active ones of the active experiment.

    `extra_columns` names facts about its run to add to each row, such as ``run_id``.
    """
    # Without any run named, the experiment is what is searched.
    experiment_id = active_experiment_id() if run_ids is None else ""
    return MlflowClient().load_table(experiment_id, artifact_file, run_ids, extra_columns)


@checked
def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the URI of the run's artifacts, or of a path among them."""
    root = active_or_new_run().info.artifact_uri
    return f"{root.rstrip('/')}/{artifact_path}" if artifact_path else root


def _measured(client: MlflowClient, run_id: str, model_id: str | None, dataset: Any) -> dict[str, str | None]:
    """Return what a metric says it measured; the dataset becomes an input of the run."""
    about = {"model_id": model_id or get_active_model_id()}
    if dataset is None:
        return about
    noted = fluent_inputs.dataset_input(dataset)
    client.log_inputs(run_id, [noted])
    return about | {"dataset_name": noted.dataset.name, "dataset_digest": noted.dataset.digest}


def _target(run_id: str | None = None) -> tuple[MlflowClient, str]:
    if run_id is not None:
        return MlflowClient(), run_id
    run = active_or_new_run()
    return MlflowClient(run.tracking_uri), run.info.run_id
