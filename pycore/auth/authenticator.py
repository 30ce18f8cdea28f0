"""From an Authorization header to whoever sent it.

References
----------
RFC 7617 (Basic), RFC 6750 (Bearer).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from pycore.auth.attempts import Attempts
from pycore.auth.passwords import is_password
from pycore.auth.tokens import hash_token
from pycore.entities import TokenScope, User
from pycore.errors import Unauthenticated, Unavailable
from pycore.store import Database
from pycore.store import tokens as token_rows
from pycore.store import users as user_rows

_log = logging.getLogger(__name__)

#: Checking a password takes 50 ms, on purpose; one that was right is known for so long.
_KNOWN_S = 300.0
_KNOWN = 1024
#: How exactly the last use of a token is noted: a write for each request would cost more than the request.
_USE_EVERY_MS = 5 * 60 * 1000

_HOW = (
    "Send a user name and password (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD) or a token "
    "(MLFLOW_TRACKING_TOKEN)."
)


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Attributes
    ----------
    user : User
    scope : TokenScope
        ALL for who gave a password.
    by_password : bool
    """

    user: User
    scope: TokenScope = TokenScope.ALL
    by_password: bool = True


class Authenticator:
    """Knows who calls; use it from any number of threads.

    Every request is compared with the database as it is now: who was deleted, or has a new password, is out
    at once, in all processes. What is remembered is only that a password fits the hash that is kept of it.

    Parameters
    ----------
    database : Database
    clock : callable
        Milliseconds since 1970 UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._attempts = Attempts()
        self._key = secrets.token_bytes(32)
        #: Keyed hash of a password with its own hash -> until when it is known to fit.
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def caller(self, authorization: str | None, address: str) -> Caller:
        """Return who sent a request.

        Parameters
        ----------
        authorization : str or None
            The header, its bytes as the text of Latin-1, as WSGI has it.
        address : str
            Where the request came from.

        Raises
        ------
        Unauthenticated
            The header is missing, or wrong; it does not say in what.
        TooManyRequests
            From this address came too many wrong passwords.
        """
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            return self._by_password(*_decoded(given.strip()), address)
        if scheme.lower() == "bearer":
            return self._by_token(given.strip())
        raise Unauthenticated(f"This server asks who calls. {_HOW}")

    def _by_password(self, username: str, password: str, address: str) -> Caller:
        with self._database.reading() as connection:
            row = user_rows.get_user(connection, username)
        password_hash = row.password_hash if row else None
        mark = hmac.digest(self._key, f"{password_hash}\0{password}".encode(), sha256)
        if row is None or not self._is_known(mark):
            self._attempts.check(address, username)
            # Whether there is such a user makes no difference in what is done, or in how long it takes.
            if not is_password(password_hash, password) or row is None:
                self._attempts.count(address, username)
                raise Unauthenticated(f"The user name or the password is wrong. {_HOW}")
            self._remember(mark)
        return Caller(row.user)

    def _by_token(self, text: str) -> Caller:
        now_ms = self._clock()
        with self._database.reading() as connection:
            row = token_rows.find_token(connection, hash_token(text))
        if row is None or (row.expiry_time is not None and row.expiry_time <= now_ms):
            raise Unauthenticated(f"The token is wrong, revoked or expired. {_HOW}")
        if row.last_used_time is None or row.last_used_time <= now_ms - _USE_EVERY_MS:
            self._note_use(row.token_id, now_ms)
        return Caller(row.user, row.scope, by_password=False)

    def _note_use(self, token_id: int, now_ms: int) -> None:
        try:
            with self._database.transaction() as connection:
                token_rows.touch_token(connection, token_id, now_ms)
        except Unavailable as error:
            # A database that can only be read still answers questions.
            _log.warning("The use of a token is not noted: %s", error.message)

    def _is_known(self, mark: bytes) -> bool:
        with self._lock:
            return self._known.get(mark, 0.0) > time.monotonic()

    def _remember(self, mark: bytes) -> None:
        with self._lock:
            self._known[mark] = time.monotonic() + _KNOWN_S
            self._known.move_to_end(mark)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)


def _decoded(credentials: str) -> tuple[str, str]:
    """Return the user name and password of a Basic header."""
    try:
        octets = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated(f"The Authorization header holds no user name and password. {_HOW}") from error
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        # Some clients send Latin-1.
        text = octets.decode("latin-1")
    username, colon, password = text.partition(":")
    if not colon or "\0" in username:
        raise Unauthenticated(f"The Authorization header holds no user name and password. {_HOW}")
    return username, password
