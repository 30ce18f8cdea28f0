"""Kinds of program that make a run."""

from __future__ import annotations

from enum import IntEnum


class SourceType(IntEnum):
    """What the tag ``mlflow.source.type`` says by name; the numbers are MLflow's."""

    NOTEBOOK = 1
    JOB = 2
    PROJECT = 3
    LOCAL = 4
    UNKNOWN = 5

    @classmethod
    def from_string(cls, name: str) -> SourceType:
        """Return the kind named `name`."""
        return cls[name]

    @classmethod
    def to_string(cls, kind: int) -> str:
        """Return the name of a kind."""
        return cls(kind).name
