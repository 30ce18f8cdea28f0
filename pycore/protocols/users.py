"""What can be asked about users."""

from __future__ import annotations

from typing import Protocol

from pycore.entities import User


class Users(Protocol):
    """Who has a password. An unknown name is `NotFound`."""

    def create(self, username: str, password: str, is_admin: bool = False) -> User:
        """Add a user; `AlreadyExists` when the name is taken, `InvalidInput` for a password too short."""
        ...

    def get(self, username: str) -> User:
        """Return a user."""
        ...

    def list(self) -> list[User]:
        """Return all users, by name."""
        ...

    def set_password(self, username: str, password: str) -> None:
        """Give a user another password; the former one counts for nothing at once."""
        ...

    def check_password(self, username: str, password: str) -> None:
        """Refuse a password that is not the user's, by `PermissionDenied`."""
        ...

    def set_admin(self, username: str, is_admin: bool) -> None:
        """Make a user an administrator, or no longer; `Conflict` for the last one."""
        ...

    def delete(self, username: str) -> None:
        """Remove a user, the tokens and all that was granted; `Conflict` for the last administrator."""
        ...
