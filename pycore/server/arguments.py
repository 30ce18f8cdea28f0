"""From an HTTP request to its arguments."""

from __future__ import annotations

from flask import Request

from pycore.errors import InvalidInput, PayloadTooLarge
from pycore.wire.request import Arguments

#: A full log-batch with values of the longest kind stays far below it.
MAX_BODY_BYTES = 64 << 20


def arguments_of(request: Request) -> Arguments:
    """Read the arguments of a call: the query of a GET, the JSON body of anything else.

    A DELETE without a body may give them in the query. POST and PATCH must say that they send JSON,
    which a form of a foreign web page cannot.
    """
    if request.method in ("POST", "PATCH"):
        _check_content_type(request)
    elif request.method in ("GET", "HEAD") or not request.content_length:
        return query_of(request)
    body = request.stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The request body has more than {MAX_BODY_BYTES} bytes; send less at a time.")
    return Arguments.from_body(body)


def query_of(request: Request) -> Arguments:
    """Read the arguments in the query, of a call whose body is something else."""
    return Arguments.from_query(request.args.to_dict(flat=False))


def _check_content_type(request: Request) -> None:
    content_type = request.headers.get("Content-Type")
    if content_type is None:
        raise InvalidInput("Content-Type header is missing; expected 'application/json'.")
    if not content_type.lower().startswith("application/json"):
        raise InvalidInput(f"Content-Type must be one of ['application/json'], got {content_type!r}.")
