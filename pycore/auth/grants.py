"""The rules of grants: what single users may do with single things."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pycore.auth.users import existing_user
from pycore.entities import Actor, Grant, Permission, Resource, ResourceKind
from pycore.entities.experiment import experiment_number
from pycore.errors import AlreadyExists, NotFound
from pycore.store import Database
from pycore.store import experiments as experiment_rows
from pycore.store import permissions as rows
from pycore.store import registered_models as model_rows


class GrantService:
    """Permissions in a database; see `pycore.protocols.Grants`.

    Parameters
    ----------
    database, registry : Database
        Where users and experiments, and where registered models are kept.
    default : Permission
        Holds where nothing is granted.
    """

    def __init__(self, database: Database, registry: Database, default: Permission) -> None:
        self._database = database
        self._registry = registry
        self._default = default

    def create(self, resource: Resource, username: str, permission: Permission) -> Grant:
        """Grant a user something."""
        user_id = self._user_id(username)
        with self._of(resource).transaction() as connection:
            number = _number(connection, resource)
            if rows.get_grant(connection, resource.kind, number, user_id) is not None:
                raise _granted_already(resource, username)
            try:
                rows.insert_grant(connection, resource.kind, number, user_id, permission)
            except IntegrityError as error:
                raise _granted_already(resource, username) from error
        return Grant(resource, user_id, permission)

    def get(self, resource: Resource, username: str) -> Grant:
        """Return what a user was granted."""
        user_id = self._user_id(username)
        granted = self._granted(resource, user_id)
        if granted is None:
            raise _nothing_granted(resource, username)
        return Grant(resource, user_id, granted)

    def update(self, resource: Resource, username: str, permission: Permission) -> None:
        """Replace what a user was granted."""
        user_id = self._user_id(username)
        with self._of(resource).transaction() as connection:
            number = _number(connection, resource)
            if rows.get_grant(connection, resource.kind, number, user_id) is None:
                raise _nothing_granted(resource, username)
            rows.update_grant(connection, resource.kind, number, user_id, permission)

    def delete(self, resource: Resource, username: str) -> None:
        """Take back what a user was granted."""
        user_id = self._user_id(username)
        with self._of(resource).transaction() as connection:
            number = _number(connection, resource)
            if not rows.delete_grant(connection, resource.kind, number, user_id):
                raise _nothing_granted(resource, username)

    def of_user(self, username: str) -> list[Grant]:
        """Return all that a user was granted, on experiments first."""
        user_id = self._user_id(username)
        with self._database.reading() as connection:
            found = rows.list_grants(connection, ResourceKind.EXPERIMENT, user_id)
        with self._registry.reading() as connection:
            return found + rows.list_grants(connection, ResourceKind.REGISTERED_MODEL, user_id)

    def effective(self, resource: Resource, username: str) -> Permission:
        """Return what a user may do."""
        with self._database.reading() as connection:
            user = existing_user(connection, username)
        return Actor(user, self._default).effective(self._granted(resource, user.user_id))

    def _granted(self, resource: Resource, user_id: int) -> Permission | None:
        with self._of(resource).reading() as connection:
            return rows.get_grant(connection, resource.kind, _number(connection, resource), user_id)

    def _user_id(self, username: str) -> int:
        with self._database.reading() as connection:
            return existing_user(connection, username).user_id

    def _of(self, resource: Resource) -> Database:
        return self._database if resource.kind is ResourceKind.EXPERIMENT else self._registry


def _experiment_number(connection: Connection, key: str) -> int | None:
    number = experiment_number(key)
    is_there = number is not None and experiment_rows.get_experiment(connection, number) is not None
    return number if is_there else None


_NUMBERS: dict[ResourceKind, Callable[[Connection, str], int | None]] = {
    ResourceKind.EXPERIMENT: _experiment_number,
    ResourceKind.REGISTERED_MODEL: model_rows.get_registered_model_pk,
}


def _number(connection: Connection, resource: Resource) -> int:
    number = _NUMBERS[resource.kind](connection, resource.key)
    if number is None:
        raise NotFound(f"There is no {_named(resource)}.")
    return number


def _named(resource: Resource) -> str:
    return f"{resource.kind.value.replace('_', ' ')} {resource.key!r}"


def _granted_already(resource: Resource, username: str) -> AlreadyExists:
    return AlreadyExists(f"{username!r} was granted something on the {_named(resource)} already: update it.")


def _nothing_granted(resource: Resource, username: str) -> NotFound:
    return NotFound(f"{username!r} was granted nothing on the {_named(resource)}.")
