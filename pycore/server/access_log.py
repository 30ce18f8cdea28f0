"""One line of JSON for every request that was answered."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import uuid
from datetime import datetime, timezone

from flask import Flask, Response, g, request

from pycore.errors import Unavailable

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


def install_access_log(app: Flask, log: AccessLog) -> None:
    """Write a line for every request of an application, and name the request in its reply."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex

    @app.after_request
    def end(reply: Response) -> Response:
        reply.headers[REQUEST_ID_HEADER] = g.request_id
        began = g.began
        line = {
            "request_id": g.request_id,
            "method": request.method,
            # Not the path: that has names of users' things in it, and the query their filters.
            "route": request.url_rule.rule if request.url_rule else None,
            "status": reply.status_code,
        }

        # Only then has the client got all of it, a file that is streamed included.
        @reply.call_on_close
        def write() -> None:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            log.write(time=now, **line, ms=round((time.perf_counter() - began) * 1000, 3))

        return reply
