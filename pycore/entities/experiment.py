"""An experiment: a named collection of runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pycore.entities.entity import Entity
from pycore.entities.lifecycle import LifecycleStage
from pycore.errors import InvalidInput

_ID = re.compile(r"-?[0-9]+")
#: Ids have no more digits, so that R's doubles hold them.
_ID_DIGITS = 15


@dataclass(frozen=True)
class ExperimentTag(Entity):
    """A text under a key of an experiment."""

    key: str
    value: str


@dataclass(frozen=True)
class Experiment(Entity):
    """A named collection of runs.

    Attributes
    ----------
    experiment_id : str
        Decimal digits; at most 15, so that R's doubles hold it.
    name : str
        Unique, also among deleted experiments.
    artifact_location : str
        URI below which its runs keep their artifacts.
    lifecycle_stage : str
        "active" or "deleted".
    tags : dict of str to str
    creation_time, last_update_time : int
        Milliseconds since 1970 UTC.
    """

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str = LifecycleStage.ACTIVE
    tags: dict[str, str] = field(default_factory=dict)
    creation_time: int = 0
    last_update_time: int = 0


def experiment_number(experiment_id: str) -> int | None:
    """Return the number that an id is; None for one that no experiment can have.

    Raises
    ------
    InvalidInput
        The id is no whole number.
    """
    if not _ID.fullmatch(str(experiment_id)):
        raise InvalidInput(f"Invalid experiment id {experiment_id!r}: expected a whole number as text.")
    if len(str(experiment_id)) > _ID_DIGITS:
        return None
    return int(experiment_id)
