"""Opaque tokens that say where the next page of a search begins.

A token carries the sort values of the last row of its page, so that paging neither repeats nor skips rows
while others write, and a digest of the search it belongs to. It holds no secret: a token that was made for
another search, cut, or changed is refused, so that it never gives a page nobody asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from pycore.errors import InvalidInput

_DIGEST_SIZE_BYTES = 12
_PERSON = b"crateflow page"


@dataclass(frozen=True)
class Position:
    """A row in an order.

    Attributes
    ----------
    part : int
        Searches that order by something not every row has run in parts, see `pycore.store.search_sql`.
    values : tuple
        Sort values of the row in that part, most significant first.
    """

    part: int
    values: tuple[str | int | float, ...]


def write_token(position: Position, scope: Sequence[object]) -> str:
    """Return the token of a position in a search.

    Parameters
    ----------
    scope : sequence
        All that the search depends on but the page: kind, filter, order, and so on; equal searches
        must have equal `repr`.
    """
    payload = json.dumps([position.part, *position.values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(payload, scope) + payload).decode().rstrip("=")


def read_token(token: str | None, scope: Sequence[object]) -> Position | None:
    """Return the position a token stands for; None for an absent or empty token.

    Raises
    ------
    InvalidInput
        The token is not one of ours, or belongs to another search.
    """
    if not token:
        return None
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _foreign(token) from error
    digest, payload = packed[:_DIGEST_SIZE_BYTES], packed[_DIGEST_SIZE_BYTES:]
    if digest != _digest(payload, scope):
        raise _foreign(token)
    part, *values = json.loads(payload)
    return Position(part, tuple(values))


def _digest(payload: bytes, scope: Sequence[object]) -> bytes:
    hashed = blake2b(digest_size=_DIGEST_SIZE_BYTES, person=_PERSON)
    hashed.update(repr(tuple(scope)).encode(errors="surrogatepass"))
    hashed.update(b"\0")
    hashed.update(payload)
    return hashed.digest()


def _foreign(token: str) -> InvalidInput:
    return InvalidInput(
        f"Invalid page token {token[:40]!r}: a token continues the search that returned it, with the same "
        "filter and order. Start again without a token."
    )
