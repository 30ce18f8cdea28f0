"""From an HTTP request to its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.wsgi import get_content_length, get_input_stream

from pycore.errors import InvalidInput, PayloadTooLarge
from pycore.wire.request import Arguments

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: A full log-batch with values of the longest kind stays far below it.
MAX_BODY_BYTES = 64 << 20


def arguments_of(environ: WSGIEnvironment) -> Arguments:
    """Read the arguments of a call: the query of a GET, the JSON body of anything else.

    A DELETE without a body may give them in the query. POST and PATCH must say that they send JSON,
    which a form of a foreign web page cannot.
    """
    method = environ["REQUEST_METHOD"]
    if method in ("POST", "PATCH"):
        _check_content_type(environ.get("CONTENT_TYPE"))
    elif method in ("GET", "HEAD") or not get_content_length(environ):
        return query_of(environ)
    body = get_input_stream(environ).read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The request body has more than {MAX_BODY_BYTES} bytes; send less at a time.")
    return Arguments.from_body(body)


def query_of(environ: WSGIEnvironment) -> Arguments:
    """Read the arguments in the query, of a call whose body is something else."""
    # WSGI gives bytes as the text of Latin-1.
    query = environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
    return Arguments.from_query(parse_qs(query, keep_blank_values=True))


def _check_content_type(content_type: str | None) -> None:
    if not content_type:
        raise InvalidInput("Content-Type header is missing; expected 'application/json'.")
    if not content_type.lower().startswith("application/json"):
        raise InvalidInput(f"Content-Type must be one of ['application/json'], got {content_type!r}.")
