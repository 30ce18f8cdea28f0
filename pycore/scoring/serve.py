"""A model served over HTTP until told to stop: a supervisor of the model's host and the HTTP server."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Protocol

from pycore.errors import Unavailable
from pycore.models.spec import Model
from pycore.scoring.app import ScoringApp
from pycore.scoring.engine import sandbox
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost

#: A quick model keeps more than one process busy with JSON; further ones would only take memory.
_HTTP_PROCESSES = 2
#: Threads beyond those whose requests wait or run, so that /ping and a 503 never have to wait.
_SPARE_THREADS = 8
#: How much longer than a request may take the HTTP server waits for those it is answering.
_GRACE_S = 10


class HttpServer(Protocol):
    """What answers HTTP: gunicorn, from the command line."""

    def __call__(
        self, app: ScoringApp, listener: socket.socket, processes: int, threads: int, drain_s: int
    ) -> None:
        """Serve until SIGTERM, then let requests that are being answered end, for up to `drain_s`."""
        ...


def serve(options: EngineOptions, listener: socket.socket, http_server: HttpServer) -> None:
    """Serve a model until SIGTERM or SIGINT; requests that have been accepted are answered first.

    Parameters
    ----------
    options : EngineOptions
    listener : socket
        Where HTTP requests come; closed in this process.
    http_server : callable
        Called in a process of its own once the model can score; it never sees the model.

    Raises
    ------
    ModelError
        The model cannot be loaded, or not score its own input example.
    Unavailable
        The HTTP server has ended by itself.
    """
    signature = Model.load(options.path).signature
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        host = ModelHost(options)
        stack.callback(host.stop)
        # Forked before the host is started, while this process has one thread.
        app = ScoringApp(signature, EngineClient(host.address, options.timeout_s))
        http = _HttpProcess(lambda: http_server(app, listener, *_http_size(options)))
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


class _HttpProcess:
    """A child that runs the HTTP server as soon as it is told to."""

    def __init__(self, run_server: Callable[[], None]) -> None:
        told, self._tell = os.pipe()
        self._status: int | None = None
        supervisor = os.getpid()
        self._pid = os.fork()
        if self._pid:
            os.close(told)
            return
        status = 1
        try:
            os.close(self._tell)
            # A group of its own: Ctrl-C in a terminal goes to the supervisor alone, which ends this orderly.
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            sandbox.die_with_parent(supervisor, signal.SIGTERM)
            if os.read(told, 1):
                run_server()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - nothing may escape into the copy of the supervisor
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)

    def open(self) -> None:
        """Let the server accept requests."""
        os.write(self._tell, b"!")

    def wait(self) -> int:
        """Wait for the end of the process and return its exit status."""
        if self._status is None:
            _, status = os.waitpid(self._pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def stop(self) -> None:
        """Have the server answer what it has accepted, and wait for it."""
        if self._status is None:
            os.kill(self._pid, signal.SIGTERM)
            self.wait()
