"""A model served over HTTP until told to stop: a supervisor of the model's host and the HTTP server."""

from __future__ import annotations

import math
import signal
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Protocol

from pycore.errors import Unavailable
from pycore.http.access_log import AccessLog, logged
from pycore.scoring.app import ScoringApp, route_of
from pycore.scoring.body_limit import BodyLimit
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost
from pycore.scoring.http_process import HttpProcess

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: A quick model keeps more than one process busy with JSON; further ones would only take memory.
_HTTP_PROCESSES = 2
#: Threads beyond those whose requests wait or run, so that /ping and a 503 never have to wait.
_SPARE_THREADS = 8
#: How much longer than a request may take the HTTP server waits for those it is answering.
_GRACE_S = 10


class HttpServer(Protocol):
    """What answers HTTP: gunicorn, from the command line."""

    def __call__(
        self, app: WSGIApplication, listener: socket.socket, processes: int, threads: int, drain_s: int
    ) -> None:
        """Serve until SIGTERM, then let requests that are being answered end, for up to `drain_s`."""
        ...


def serve(
    options: EngineOptions,
    listener: socket.socket,
    http_server: HttpServer,
    limit: BodyLimit | None = None,
    access_log: AccessLog | None = None,
) -> None:
    """Serve a model until SIGTERM or SIGINT; requests that have been accepted are answered first.

    Parameters
    ----------
    options : EngineOptions
    listener : socket
        Where HTTP requests come; closed in this process.
    http_server : callable
        Called in a process of its own once the model can score; it never sees the model.
    limit : BodyLimit, optional
        The configured one by default.
    access_log : AccessLog, optional

    Raises
    ------
    ModelError
        The model cannot be loaded, or not score its own input example.
    Unavailable
        The HTTP server has ended by itself.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        host = ModelHost(options)
        stack.callback(host.stop)
        # Forked before the host is started, while this process has one thread.
        app = ScoringApp.of_model(options.path, EngineClient(host.address, options.timeout_s), limit)
        named = logged(app, access_log, route_of)
        http = HttpProcess(lambda: http_server(named, listener, *_http_size(options)))
        # Only the HTTP server's copy is to keep the port open.
        listener.close()
        stack.callback(http.stop)
        host.start()
        http.open()
        raise Unavailable(f"The HTTP server has ended by itself (exit status {http.wait()}).")


def _http_size(options: EngineOptions) -> tuple[int, int, int]:
    """Return how many processes, how many threads of each, and how many seconds they get at the end."""
    at_once = options.queue_requests + options.workers
    threads = math.ceil(at_once / _HTTP_PROCESSES) + _SPARE_THREADS
    return _HTTP_PROCESSES, threads, math.ceil(options.timeout_s) + _GRACE_S
