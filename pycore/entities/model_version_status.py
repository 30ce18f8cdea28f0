"""Whether a model version can be used."""

from __future__ import annotations

from enum import IntEnum


class ModelVersionStatus(IntEnum):
    """State of a model version; the numbers are the wire protocol's. Versions here are READY at once."""

    PENDING_REGISTRATION = 1
    FAILED_REGISTRATION = 2
    READY = 3

    @classmethod
    def from_string(cls, name: str) -> ModelVersionStatus:
        """Return the status named `name`, in any case."""
        return cls[name.upper()]

    @classmethod
    def to_string(cls, status: int) -> str:
        """Return the name of a status."""
        return cls(status).name
