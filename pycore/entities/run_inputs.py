"""What a run read and what it made, besides what it logged."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.dataset import DatasetInput
from pycore.entities.entity import Entity


@dataclass(frozen=True)
class LoggedModelInput(Entity):
    """A logged model that a run used."""

    model_id: str


@dataclass(frozen=True)
class LoggedModelOutput(Entity):
    """A logged model that a run made, at a step of its training."""

    model_id: str
    step: int = 0


@dataclass(frozen=True)
class RunInputs(Entity):
    """The datasets and models a run used."""

    dataset_inputs: tuple[DatasetInput, ...] = ()
    model_inputs: tuple[LoggedModelInput, ...] = ()


@dataclass(frozen=True)
class RunOutputs(Entity):
    """The models a run made."""

    model_outputs: tuple[LoggedModelOutput, ...] = ()
