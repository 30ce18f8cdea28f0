"""What an import reads, wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pycore.entities import (
    Experiment,
    LifecycleStage,
    LoggedModel,
    Metric,
    ModelVersion,
    RegisteredModel,
    Run,
)

#: The stage under which MLflow keeps the rows of deleted model versions.
DELETED_VERSION = "Deleted_Internal"


@dataclass(frozen=True)
class SourceRun:
    """A run and its history.

    Attributes
    ----------
    run : Run
        Without metrics.
    read_metrics : callable
        Reads the points of all metrics, which may be too many to hold.
    deleted_time : int or None
        Milliseconds since 1970 UTC.
    """

    run: Run
    read_metrics: Callable[[], Iterator[Metric]]
    deleted_time: int | None = None


@dataclass(frozen=True)
class SourceLoggedModel:
    """A logged model, which may have been deleted."""

    model: LoggedModel
    lifecycle_stage: str = LifecycleStage.ACTIVE


@dataclass(frozen=True)
class SourceVersion:
    """A model version, and where its files lie."""

    version: ModelVersion
    storage_location: str


@dataclass(frozen=True)
class SourceRegisteredModel:
    """A registered model with its versions.

    Attributes
    ----------
    versions : sequence of SourceVersion
        By number, without the deleted ones.
    last_version : int
        The highest number that was ever given.
    """

    model: RegisteredModel
    versions: Sequence[SourceVersion]
    last_version: int


class Source(Protocol):
    """Where an import reads from. Locations of artifacts are absolute."""

    def count(self) -> int:
        """Return how many runs, logged models and registered models there are, about."""
        ...

    def experiments(self) -> Iterator[Experiment]:
        """Yield all experiments, also the deleted ones, by id."""
        ...

    def runs(self, experiment_id: str) -> Iterator[SourceRun]:
        """Yield the runs of an experiment, the oldest first, also the deleted ones."""
        ...

    def logged_models(self, experiment_id: str) -> Iterator[SourceLoggedModel]:
        """Yield the logged models of an experiment, the oldest first, also the deleted ones."""
        ...

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """Yield the registered models, by name."""
        ...
