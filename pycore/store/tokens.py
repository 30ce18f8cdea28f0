"""SQL of the tokens of users."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from pycore.entities import Token, TokenScope, User
from pycore.store.prepared import Prepared
from pycore.store.tables import tokens, users

_BOTH = tokens.join(users, tokens.c.user_id == users.c.user_id)
_FIND = Prepared(
    lambda _: (
        select(
            tokens.c.token_id,
            tokens.c.scope,
            tokens.c.expiry_time,
            tokens.c.last_used_time,
            users.c.user_id,
            users.c.username,
            users.c.is_admin,
        )
        .select_from(_BOTH)
        .where(tokens.c.token_hash == bindparam("token_hash"))
    )
)


class TokenRow(NamedTuple):
    """A token, and whose it is."""

    token_id: int
    scope: TokenScope
    expiry_time: int | None
    last_used_time: int | None
    user: User


def insert_token(connection: Connection, user_id: int, token: Token, token_hash: str) -> None:
    """Add a token of a user."""
    connection.execute(
        insert(tokens).values(
            user_id=user_id,
            name=token.name,
            token_hash=token_hash,
            scope=token.scope.value,
            creation_time=token.creation_time,
            expiry_time=token.expiry_time,
        )
    )


def find_token(connection: Connection, token_hash: str) -> TokenRow | None:
    """Return the token of a hash."""
    row = _FIND.first(connection, token_hash=token_hash)
    if row is None:
        return None
    token_id, scope, expiry_time, last_used_time, user_id, username, is_admin = row
    user = User(user_id, username, bool(is_admin))
    return TokenRow(token_id, TokenScope(scope), expiry_time, last_used_time, user)


def list_tokens(connection: Connection, user_id: int | None) -> list[Token]:
    """Return the tokens of a user, or of all, by user and name."""
    columns = tokens.c
    statement = select(tokens, users.c.username).select_from(_BOTH)
    if user_id is not None:
        statement = statement.where(columns.user_id == user_id)
    statement = statement.order_by(users.c.username, columns.name)
    return [
        Token(
            row.username,
            row.name,
            TokenScope(row.scope),
            row.creation_time,
            row.expiry_time,
            row.last_used_time,
        )
        for row in connection.execute(statement)
    ]


def touch_token(connection: Connection, token_id: int, now_ms: int) -> None:
    """Note that a token is used now."""
    connection.execute(update(tokens).where(tokens.c.token_id == token_id).values(last_used_time=now_ms))


def delete_token(connection: Connection, user_id: int, name: str) -> bool:
    """Remove a token and return whether it was there."""
    result = connection.execute(delete(tokens).where(tokens.c.user_id == user_id, tokens.c.name == name))
    return result.rowcount > 0
