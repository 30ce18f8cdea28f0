"""Passwords: which are good enough, and how they are kept and compared."""

from __future__ import annotations

import secrets
import threading

from werkzeug.security import check_password_hash, generate_password_hash

from pycore.errors import InvalidInput

MIN_LENGTH = 12
_MAX_LENGTH = 1024
#: scrypt takes 32 MB each time, on purpose; not every thread of a server at once.
_AT_ONCE = threading.BoundedSemaphore(2)
#: Compared with where there is no user: that takes as long, so that time does not tell who is there.
_OF_NOBODY = generate_password_hash(secrets.token_hex())


def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises
    ------
    InvalidInput
        It is too short.
    """
    if not MIN_LENGTH <= len(password) <= _MAX_LENGTH:
        raise InvalidInput(
            f"A password has {MIN_LENGTH} to {_MAX_LENGTH} characters; this one has {len(password)}."
        )
    with _AT_ONCE:
        return generate_password_hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed; never for the hash of nobody, None."""
    if len(password) > _MAX_LENGTH:
        return False
    with _AT_ONCE:
        return check_password_hash(password_hash or _OF_NOBODY, password) and password_hash is not None


def random_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(18)
