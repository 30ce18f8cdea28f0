"""What can be asked about permissions."""

from __future__ import annotations

from typing import Protocol

from pycore.entities import Grant, Permission, Resource


class Grants(Protocol):
    """What single users may do with single things. An unknown user or thing is `NotFound`."""

    def create(self, resource: Resource, username: str, permission: Permission) -> Grant:
        """Grant a user something; `AlreadyExists` when something was granted on that thing before."""
        ...

    def get(self, resource: Resource, username: str) -> Grant:
        """Return what a user was granted; `NotFound` when nothing was."""
        ...

    def update(self, resource: Resource, username: str, permission: Permission) -> None:
        """Replace what a user was granted; `NotFound` when nothing was."""
        ...

    def delete(self, resource: Resource, username: str) -> None:
        """Take back what a user was granted; `NotFound` when nothing was."""
        ...

    def of_user(self, username: str) -> list[Grant]:
        """Return all that a user was granted, on experiments first."""
        ...

    def effective(self, resource: Resource, username: str) -> Permission:
        """Return what a user may do: as administrator, as granted, or as users in general may."""
        ...
