"""The rules of tokens: random, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from pycore.auth.users import existing_user
from pycore.entities import Token, TokenScope
from pycore.errors import AlreadyExists, InvalidInput, NotFound
from pycore.store import Database
from pycore.store import tokens as rows

#: What tokens begin with, so that people and scanners know one where they see it.
PREFIX = "crateflow_"
_NAME_LENGTH = 255


class TokenService:
    """Tokens in a database.

    Parameters
    ----------
    database : Database
    clock : callable
        Milliseconds since 1970 UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        username: str,
        name: str,
        scope: TokenScope = TokenScope.ALL,
        lifetime_ms: int | None = None,
    ) -> tuple[Token, str]:
        """Make a token.

        Returns
        -------
        Token
        str
            Its text, which cannot be read again.

        Raises
        ------
        NotFound
            There is no such user.
        AlreadyExists
            The user has a token of this name.
        """
        if not name or len(name) > _NAME_LENGTH:
            raise InvalidInput(f"The name of a token has 1 to {_NAME_LENGTH} characters, got {len(name)}.")
        if lifetime_ms is not None and lifetime_ms <= 0:
            raise InvalidInput("A token that is to expire lives for some time: expected one such as 30d.")
        now_ms = self._clock()
        expiry_ms = None if lifetime_ms is None else now_ms + lifetime_ms
        token = Token(username, name, scope, now_ms, expiry_ms)
        text = PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            user = existing_user(connection, username)
            taken = AlreadyExists(
                f"{username!r} has a token {name!r} already: revoke it, or choose another name."
            )
            if name in (other.name for other in rows.list_tokens(connection, user.user_id)):
                raise taken
            try:
                rows.insert_token(connection, user.user_id, token, hash_token(text))
            except IntegrityError as error:
                raise taken from error
        return token, text

    def list(self, username: str | None = None) -> list[Token]:
        """Return the tokens of a user, or of all, by user and name; expired ones too."""
        with self._database.reading() as connection:
            user_id = None if username is None else existing_user(connection, username).user_id
            return rows.list_tokens(connection, user_id)

    def revoke(self, username: str, name: str) -> None:
        """Remove a token; it opens nothing from now on."""
        with self._database.transaction() as connection:
            user = existing_user(connection, username)
            if not rows.delete_token(connection, user.user_id, name):
                raise NotFound(f"{username!r} has no token {name!r}.")


def hash_token(text: str) -> str:
    """Return what is kept of a token: being random and long, it needs no slow hash."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
