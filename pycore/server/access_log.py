"""One line of JSON for every request that was answered."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

from pycore.errors import Unavailable
from pycore.server.replies import REQUEST_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID_HEADER = "X-Request-ID"
STANDARD_OUTPUT = "-"

# What a proxy may have given the request; anything else could forge lines or fill the disk.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class AccessLog:
    """A file that all processes of a server append to, a whole line at a time.

    Parameters
    ----------
    path : str
        ``-`` is the standard output.

    Raises
    ------
    Unavailable
        The file cannot be written.
    """

    def __init__(self, path: str) -> None:
        if path == STANDARD_OUTPUT:
            self._descriptor = sys.stdout.fileno()
            return
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise Unavailable(f"The access log {path!r} cannot be written: {error.strerror}.") from error

    def write(self, **fields: object) -> None:
        """Append a line."""
        # One call of the system: lines of several processes never mix.
        os.write(self._descriptor, json.dumps(fields).encode() + b"\n")


def logged(
    application: WSGIApplication, log: AccessLog, route: Callable[[WSGIEnvironment], str | None]
) -> WSGIApplication:
    """Write a line for every request of an application, and name the request in its reply.

    Parameters
    ----------
    application : WSGI callable
    log : AccessLog
    route : callable
        Names the endpoint that a request met, once it is answered. Not the path: that has names of users'
        things in it, and the query their filters.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        name = environ[REQUEST_ID] = _request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        status = 0

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, [*headers, (REQUEST_ID_HEADER, name)], exc_info)

        def end() -> None:
            log.write(
                time=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
                request_id=name,
                method=environ["REQUEST_METHOD"],
                route=route(environ),
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 3),
            )

        # Only when it is closed has the client got all of it, a file that is streamed included.
        return ClosingIterator(application(environ, start), end)

    return answer


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
