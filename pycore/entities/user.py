"""A user, and a user at work."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.entity import Entity
from pycore.entities.permission import Permission


@dataclass(frozen=True)
class User(Entity):
    """Somebody with a password.

    Attributes
    ----------
    user_id : int
        Never given again.
    username : str
    is_admin : bool
        Whether nothing is refused, and users are managed.
    """

    user_id: int
    username: str
    is_admin: bool = False


@dataclass(frozen=True)
class Actor:
    """The user that a platform acts for: searches show what that one may read.

    Attributes
    ----------
    user : User
    default : Permission
        Holds where nothing is granted.
    """

    user: User
    default: Permission

    def effective(self, granted: int | None) -> Permission:
        """Return what the user may do, given the number of the permission granted, if any is."""
        if self.user.is_admin:
            return Permission.MANAGE
        return self.default if granted is None else Permission(granted)
