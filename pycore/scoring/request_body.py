"""The body of a WSGI request: read whole, inflated, and never more of it than allowed."""

from __future__ import annotations

import zlib
from typing import Any

from pycore.errors import InvalidInput, PayloadTooLarge, UnsupportedMediaType

#: Tells zlib to read the frame of gzip and to check its sum.
_GZIP_FRAME = 16 + zlib.MAX_WBITS


def read_request_body(environ: dict[str, Any], limit_mb: int) -> bytes:
    """Return the body of a request.

    Parameters
    ----------
    environ : dict
        As WSGI has it.
    limit_mb : int
        Of the body as it is sent, and of what it inflates to.

    Raises
    ------
    PayloadTooLarge
    UnsupportedMediaType
        The content encoding is another than gzip.
    InvalidInput
        The body is cut short or damaged.
    """
    body = _received(environ, limit_mb)
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaType(f"The content encoding is {encoding!r}; only gzip is understood.")
    return _inflated(body, limit_mb)


def _received(environ: dict[str, Any], limit_mb: int) -> bytes:
    limit = limit_mb << 20
    # Without a length the body comes in chunks, or there is none.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = b"" if length > limit else environ["wsgi.input"].read(length or limit + 1)
    if max(length, len(body)) > limit:
        raise _too_large("", limit_mb)
    if len(body) < length:
        raise InvalidInput(f"The body ends after {len(body)} of {length} bytes.")
    return body


def _inflated(body: bytes, limit_mb: int) -> bytes:
    limit = limit_mb << 20
    inflated = bytearray()
    while body:  # A file of gzip may be several, one after the other.
        stream = zlib.decompressobj(_GZIP_FRAME)
        try:
            inflated += stream.decompress(body, limit + 1 - len(inflated))
        except zlib.error as error:
            raise InvalidInput(f"The body is not gzip: {error}.", "BAD_REQUEST") from error
        if len(inflated) > limit:
            raise _too_large("inflated ", limit_mb)
        if not stream.eof:
            raise InvalidInput("The body is gzip that ends too early.", "BAD_REQUEST")
        body = stream.unused_data
    return bytes(inflated)


def _too_large(which: str, limit_mb: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The {which}body is larger than {limit_mb} MB, the limit of this server; send fewer rows "
        "at a time, or raise CRATEFLOW_MAX_BODY_MB."
    )
