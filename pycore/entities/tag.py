"""A tag of a run."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True)
class RunTag(Entity):
    """A text under a key of a run; setting it again replaces it."""

    key: str
    value: str
