"""SQL of users."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from pycore.entities import User
from pycore.store.prepared import Prepared
from pycore.store.tables import users

_GET = Prepared(
    lambda _: select(users.c.user_id, users.c.is_admin, users.c.password_hash).where(
        users.c.username == bindparam("username")
    )
)


class UserRow(NamedTuple):
    """A user, and what the password is checked with."""

    user: User
    password_hash: str


def insert_user(connection: Connection, username: str, password_hash: str, is_admin: bool) -> User:
    """Add a user."""
    result = connection.execute(
        insert(users).values(username=username, password_hash=password_hash, is_admin=int(is_admin))
    )
    (user_id,) = result.inserted_primary_key or (None,)
    assert user_id is not None
    return User(int(user_id), username, is_admin)


def get_user(connection: Connection, username: str) -> UserRow | None:
    """Return the user of a name."""
    row = _GET.first(connection, username=username)
    if row is None:
        return None
    user_id, is_admin, password_hash = row
    return UserRow(User(user_id, username, bool(is_admin)), password_hash)


def list_users(connection: Connection) -> list[User]:
    """Return all users, by name."""
    columns = users.c
    statement = select(columns.user_id, columns.username, columns.is_admin).order_by(columns.username)
    return [User(row.user_id, row.username, bool(row.is_admin)) for row in connection.execute(statement)]


def any_user_exists(connection: Connection) -> bool:
    """Return whether there are users."""
    return bool(connection.execute(select(exists(select(users.c.user_id)))).scalar())


def lock_administrators(connection: Connection) -> list[int]:
    """Return the ids of all administrators; none ceases to be one before this transaction ends."""
    statement = select(users.c.user_id).where(users.c.is_admin == 1).with_for_update(key_share=True)
    return list(connection.execute(statement).scalars())


def update_user(connection: Connection, user_id: int, **values: Any) -> None:
    """Replace the given columns of a user."""
    connection.execute(update(users).where(users.c.user_id == user_id).values(**values))


def delete_user(connection: Connection, user_id: int) -> None:
    """Remove a user and the tokens."""
    connection.execute(delete(users).where(users.c.user_id == user_id))
