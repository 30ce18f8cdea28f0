"""One line of JSON for every request that was answered, and the id under which a request is known."""

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

from pycore.errors import Unavailable
from pycore.http.closing import Closing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Comes with requests that have an id already, and with every reply.
REQUEST_ID_HEADER = "X-Request-ID"
#: Where an environment of WSGI has the id of a request that `logged` has named.
REQUEST_ID = "crateflow.request_id"
#: As a path: the standard output.
STANDARD_OUTPUT = "-"

# What a proxy may have given the request; anything else could forge lines or fill the disk.
_REQUEST_ID = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)


def request_id(given: str | None) -> str:
    """Return the id that a request came with if it is a good one, otherwise a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


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

    def write(self, request_id: str, method: str, route: str | None, status: int, began: float) -> None:
        """Append the line of a request.

        Parameters
        ----------
        request_id, method : str
        route : str, optional
            The address without what users have named; None if there is no such address.
        status : int
        began : float
            When the request came, by `time.perf_counter`.
        """
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round((time.perf_counter() - began) * 1000, 3),
        }
        # One call of the system: lines of several processes never mix.
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")


def logged(
    application: WSGIApplication, log: AccessLog | None, route_of: Callable[[WSGIEnvironment], str | None]
) -> WSGIApplication:
    """Return an application that names every request in its reply, and writes its line.

    Parameters
    ----------
    application : WSGI callable
        Finds the request's id in its environment, under `REQUEST_ID`.
    log : AccessLog, optional
    route_of : callable
        Returns the route of a request that has been answered; see `AccessLog.write`.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        name = environ[REQUEST_ID] = request_id(environ.get("HTTP_X_REQUEST_ID"))
        status = 0

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, [*headers, (REQUEST_ID_HEADER, name)], exc_info)

        reply = application(environ, start)
        if log is None:
            return reply

        def write() -> None:
            log.write(name, environ["REQUEST_METHOD"], route_of(environ), status, began)

        return Closing(reply, write)

    return answer
