"""A run: one execution of training code and what it logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from pycore.entities.entity import Entity
from pycore.entities.lifecycle import LifecycleStage
from pycore.entities.metric import Metric
from pycore.entities.run_inputs import RunInputs, RunOutputs


class RunStatus(IntEnum):
    """State of a run; the numbers are the wire protocol's."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5

    @classmethod
    def from_string(cls, name: str) -> RunStatus:
        """Return the status named `name`, in any case."""
        return cls[name.upper()]

    @classmethod
    def to_string(cls, status: int) -> str:
        """Return the name of a status."""
        return cls(status).name

    @classmethod
    def is_terminated(cls, status: int) -> bool:
        """Return whether a run of this status has ended."""
        return status in (cls.FINISHED, cls.FAILED, cls.KILLED)


@dataclass(frozen=True)
class RunInfo(Entity):
    """The row of a run: who, when, where, and how it ended.

    Attributes
    ----------
    run_id : str
        32 lower-case hexadecimal digits.
    status : str
        Name of a `RunStatus`.
    start_time, end_time : int or None
        Milliseconds since 1970 UTC; None before the end.
    artifact_uri : str
        Root of the run's artifacts, fixed when the run is created.
    """

    run_id: str
    experiment_id: str
    run_name: str
    user_id: str
    status: str
    start_time: int | None
    end_time: int | None
    artifact_uri: str
    lifecycle_stage: str = LifecycleStage.ACTIVE

    @property
    def run_uuid(self) -> str:
        """The run's id under its first name, which R clients and old scripts read."""
        return self.run_id


@dataclass(frozen=True)
class RunData(Entity):
    """What a run logged: the latest point of each metric, its parameters and its tags."""

    metric_points: tuple[Metric, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """Latest value per metric key."""
        return {point.key: point.value for point in self.metric_points}

    @property
    def _metric_objs(self) -> list[Metric]:
        # Scripts written for MLflow read the steps of the latest points here.
        return list(self.metric_points)


@dataclass(frozen=True)
class Run(Entity):
    """One execution of training code."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)
    outputs: RunOutputs = field(default_factory=RunOutputs)

    def to_dictionary(self) -> dict[str, Any]:
        """Return nested dicts with the keys info, data, inputs and outputs, ready for JSON."""
        return {
            "info": asdict(self.info),
            "data": {
                "metrics": self.data.metrics,
                "params": dict(self.data.params),
                "tags": dict(self.data.tags),
            },
            "inputs": asdict(self.inputs),
            "outputs": asdict(self.outputs),
        }
