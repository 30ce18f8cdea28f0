"""A parameter of a run."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True)
class Param(Entity):
    """A text under a key of a run, written once."""

    key: str
    value: str
