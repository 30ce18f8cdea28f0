"""The rules of users: their names, their passwords, and that somebody stays in charge."""

from __future__ import annotations

import unicodedata

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pycore.auth.passwords import hash_password, is_password, random_password
from pycore.entities import ResourceKind, User
from pycore.errors import AlreadyExists, Conflict, InvalidInput, NotFound, PermissionDenied
from pycore.store import Database, permissions
from pycore.store import users as rows

_NAME_LENGTH = 255


class UserService:
    """Users in a database; see `pycore.protocols.Users`.

    Parameters
    ----------
    database : Database
    registry : Database, optional
        Keeps the registered models, where that is another one.
    """

    def __init__(self, database: Database, registry: Database | None = None) -> None:
        self._database = database
        self._registry = registry or database

    def ensure_administrator(self, username: str, password: str | None) -> str | None:
        """Make an administrator unless there are users.

        Returns
        -------
        str or None
            The password, where none was given: nobody else knows it.
        """
        with self._database.reading() as connection:
            if rows.any_user_exists(connection):
                return None
        chosen = password or random_password()
        try:
            self.create(username, chosen, is_admin=True)
        except AlreadyExists:
            # Another server that started at the same moment has made it.
            return None
        return None if password else chosen

    def create(self, username: str, password: str, is_admin: bool = False) -> User:
        """Add a user."""
        _check_name(username)
        password_hash = hash_password(password)
        with self._database.transaction() as connection:
            if rows.get_user(connection, username) is not None:
                raise _name_taken(username)
            try:
                return rows.insert_user(connection, username, password_hash, is_admin)
            except IntegrityError as error:
                raise _name_taken(username) from error

    def get(self, username: str) -> User:
        """Return a user."""
        with self._database.reading() as connection:
            return existing_user(connection, username)

    def list(self) -> list[User]:
        """Return all users, by name."""
        with self._database.reading() as connection:
            return rows.list_users(connection)

    def set_password(self, username: str, password: str) -> None:
        """Give a user another password."""
        password_hash = hash_password(password)
        with self._database.transaction() as connection:
            user = existing_user(connection, username)
            rows.update_user(connection, user.user_id, password_hash=password_hash)

    def check_password(self, username: str, password: str) -> None:
        """Refuse a password that is not the user's."""
        with self._database.reading() as connection:
            row = rows.get_user(connection, username)
        if not is_password(row.password_hash if row else None, password):
            raise PermissionDenied("The current password is wrong.")

    def set_admin(self, username: str, is_admin: bool) -> None:
        """Make a user an administrator, or no longer."""
        with self._database.transaction() as connection:
            user = existing_user(connection, username)
            if not is_admin:
                _check_others_in_charge(connection, user)
            rows.update_user(connection, user.user_id, is_admin=int(is_admin))

    def delete(self, username: str) -> None:
        """Remove a user, the tokens and all that was granted."""
        with self._database.transaction() as connection:
            user = existing_user(connection, username)
            _check_others_in_charge(connection, user)
            permissions.delete_grants(connection, ResourceKind.EXPERIMENT, user.user_id)
            rows.delete_user(connection, user.user_id)
        with self._registry.transaction() as connection:
            permissions.delete_grants(connection, ResourceKind.REGISTERED_MODEL, user.user_id)


def existing_user(connection: Connection, username: str) -> User:
    """Return a user, or raise NotFound."""
    row = rows.get_user(connection, username)
    if row is None:
        raise NotFound(f"There is no user {username!r}.")
    return row.user


def _check_name(username: str) -> None:
    if not username or len(username) > _NAME_LENGTH:
        raise InvalidInput(f"A user name has 1 to {_NAME_LENGTH} characters; this one has {len(username)}.")
    if ":" in username or any(unicodedata.category(character) in ("Cc", "Cs") for character in username):
        raise InvalidInput(
            f"Invalid user name {username!r}: basic authentication allows neither ':' nor control characters."
        )


def _check_others_in_charge(connection: Connection, user: User) -> None:
    if rows.lock_administrators(connection) == [user.user_id]:
        raise Conflict(
            f"{user.username!r} is the only administrator: make another user one first, so that somebody can "
            "manage users."
        )


def _name_taken(username: str) -> AlreadyExists:
    return AlreadyExists(f"A user {username!r} exists already. Choose another name.")
