"""Module-level functions on experiments, at the tracking URI in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycore.entities import Experiment, ViewType
from pycore.models.arguments import checked
from pycore.tracking import pages
from pycore.tracking.active_experiment import active_experiment_id
from pycore.tracking.mlflow_client import MlflowClient

_PAGE_SIZE = 1000


@checked
def create_experiment(
    name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
) -> str:
    """Make an experiment and return its id; it does not become the active one.

    Raises
    ------
    AlreadyExists
        An experiment has the name, maybe a deleted one.
    """
    return MlflowClient().create_experiment(name, artifact_location, tags)


@checked
def get_experiment(experiment_id: str | int) -> Experiment:
    """Return an experiment, deleted or not; `NotFound` when there is none."""
    return MlflowClient().get_experiment(experiment_id)


@checked
def get_experiment_by_name(name: str) -> Experiment | None:
    """Return the experiment of this name, deleted or not; None when there is none."""
    return MlflowClient().get_experiment_by_name(name)


@checked
def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | str | None = None,
) -> list[Experiment]:
    """Return all experiments that pass a filter, the newest first unless `order_by` says otherwise."""
    client = MlflowClient()
    return pages.collect(
        lambda size, token: client.search_experiments(view_type, size, filter_string, order_by, token),
        _PAGE_SIZE,
        max_results,
    )


@checked
def delete_experiment(experiment_id: str | int) -> None:
    """Delete an experiment and its runs, softly."""
    MlflowClient().delete_experiment(experiment_id)


@checked
def restore_experiment(experiment_id: str | int) -> None:
    """Undo `delete_experiment`."""
    MlflowClient().restore_experiment(experiment_id)


@checked
def set_experiment_tag(key: str, value: Any) -> None:
    """Set a tag of the active experiment."""
    MlflowClient().set_experiment_tag(active_experiment_id(), key, value)


@checked
def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Set tags of the active experiment."""
    for key, value in tags.items():
        set_experiment_tag(key, value)


@checked
def delete_experiment_tag(key: str) -> None:
    """Remove a tag of the active experiment."""
    MlflowClient().delete_experiment_tag(active_experiment_id(), key)
