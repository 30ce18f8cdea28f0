"""The body of a WSGI request: read whole, inflated, and never more of it than allowed."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

from pycore.errors import InvalidInput, UnsupportedMediaType
from pycore.scoring.body_limit import BodyLimit

#: Returns memory for a body of so many bytes; None where it may as well be anywhere.
RoomFor: TypeAlias = Callable[[int], "memoryview | None"]


def read_request_body(
    environ: dict[str, Any], limit: BodyLimit, room_for: RoomFor | None = None
) -> bytes | memoryview:
    """Return the body of a request.

    Parameters
    ----------
    environ : dict
        As WSGI has it.
    limit : BodyLimit
        Of the body as it is sent, and of what it inflates to.
    room_for : callable, optional
        Where the body is wanted. That it is there cannot be relied on.

    Returns
    -------
    bytes or memoryview
        A view of the room if it is there.

    Raises
    ------
    PayloadTooLarge
    UnsupportedMediaType
        The content encoding is another than gzip.
    InvalidInput
        The body is cut short or damaged.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return _received(environ, limit, room_for)
    body = bytes(_received(environ, limit))
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType(f"The content encoding is {encoding!r}; only gzip is understood.")
    return _inflated(body, limit)


def _received(
    environ: dict[str, Any], limit: BodyLimit, room_for: RoomFor | None = None
) -> bytes | memoryview:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    limit.check("The body", length)
    stream = environ["wsgi.input"]
    body: bytes | memoryview
    if room_for and isinstance(stream, io.RawIOBase) and (room := room_for(length)) is not None:
        body = room[: stream.readinto(room)]
    else:
        # Without a length the body comes in chunks, or there is none.
        body = stream.read(length or limit.n_bytes + 1)
    limit.check("The body", len(body))
    if len(body) < length:
        raise InvalidInput(f"The body ends after {len(body)} of {length} bytes.")
    return body


def _inflated(body: bytes, limit: BodyLimit) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            inflated = stream.read(limit.n_bytes + 1)
    except EOFError as error:
        raise InvalidInput("The body is gzip that ends too early.", "BAD_REQUEST") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"The body is not gzip: {error}.", "BAD_REQUEST") from error
    limit.check("The inflated body", len(inflated))
    return inflated
