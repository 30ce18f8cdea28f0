"""Whether a thing is alive, and which of both a search wants."""

from __future__ import annotations

from enum import IntEnum


class LifecycleStage:
    """The values of `lifecycle_stage`; deletion is soft until garbage is collected."""

    ACTIVE = "active"
    DELETED = "deleted"
    #: Its files are being removed, after them itself: no search shows it, and nothing brings it back.
    REMOVING = "removing"


class ViewType(IntEnum):
    """Which lifecycle stages a search returns; the numbers are the wire protocol's."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3

    def stages(self) -> tuple[str, ...]:
        """Return the lifecycle stages this view shows."""
        return {
            ViewType.ACTIVE_ONLY: (LifecycleStage.ACTIVE,),
            ViewType.DELETED_ONLY: (LifecycleStage.DELETED,),
            ViewType.ALL: (LifecycleStage.ACTIVE, LifecycleStage.DELETED),
        }[self]

    @classmethod
    def from_string(cls, name: str) -> ViewType:
        """Return the view named `name`, in any case."""
        return cls[name.upper()]

    @classmethod
    def to_string(cls, view_type: int) -> str:
        """Return the lower-case name of a view."""
        return cls(view_type).name.lower()
