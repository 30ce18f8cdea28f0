"""The process that keeps a gateway's engines, and the socket over which they are lent.

Each line that an HTTP process sends is a JSON object; all but "release" are answered by one.

=========================================  ==========================================================
question                                   answer
=========================================  ==========================================================
``{"ask": "lease", name, reference}``      ``{"address", "path", "timeout_s", "version", "warning"}``
``{"ask": "status", name, reference}``     what ``GET /model/<name>/<reference>`` shows
``{"ask": "release"}``                     none
=========================================  ==========================================================

A connection holds one lease at most; when it ends, however it ends, the lease ends with it.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import signal
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from pycore.errors import MlflowException, Unavailable
from pycore.gateway.engine_pool import EnginePool, Lease
from pycore.gateway.model_files import fetch_model, read_spec
from pycore.gateway.options import GatewayOptions
from pycore.models.remote_errors import to_plain
from pycore.protocols import Api
from pycore.scoring.http_process import HttpProcess

_log = logging.getLogger(__name__)

#: How much longer than a request may take the HTTP server waits for those it is answering.
_GRACE_S = 10


class Supervisor:
    """Lends engines to the HTTP processes of one server.

    Parameters
    ----------
    registry : Api
        Safe to use after a fork.
    options : GatewayOptions

    Attributes
    ----------
    address : Path
        The socket for `pycore.gateway.client.GatewayClient`.
    """

    def __init__(self, registry: Api, options: GatewayOptions) -> None:
        self._registry = registry
        self._options = options
        self._pool = EnginePool(registry, options, fetch_model)
        # Not predictable by other users and closed to them; sockets need short paths.
        self._folder = Path(tempfile.mkdtemp(prefix="crateflow-"))
        self.address = self._folder / "socket"

    @property
    def drain_s(self) -> int:
        """Seconds the HTTP server should give to requests it is answering when it ends."""
        return math.ceil(self._options.start_s + self._options.timeout_s) + _GRACE_S

    def run(self, listener: socket.socket, run_http: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; requests that have been accepted are answered first.

        Parameters
        ----------
        listener : socket
            Where HTTP requests come; closed in this process.
        run_http : callable
            Runs the HTTP server until SIGTERM; called in a process of its own.

        Raises
        ------
        Unavailable
            The HTTP server has ended by itself.
        """
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt), ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            # Forked while this process has one thread; only its copy is to keep the port open.
            http = HttpProcess(run_http)
            listener.close()
            self._pool.open()
            stack.callback(self._pool.close)
            server = stack.enter_context(_Server(self.address, self._answer, self._pool.release))
            threading.Thread(target=server.serve_forever, name="supervisor", daemon=True).start()
            stack.callback(server.shutdown)
            stack.callback(http.stop)
            http.open()
            raise Unavailable(f"The HTTP server has ended by itself (exit status {http.wait()}).")

    def _answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], Lease | None]:
        """Return the answer to a question, and the lease that it gives away."""
        name, reference = question["name"], question["reference"]
        if question["ask"] == "status":
            return self._describe(name, reference), None
        lease = self._pool.lease(name, reference)
        host = lease.engine.host
        return {
            "address": str(host.address),
            "path": str(host.options.path),
            "timeout_s": lease.engine.timeout_s,
            "version": lease.version,
            "warning": lease.warning,
        }, lease

    def _describe(self, name: str, reference: str) -> dict[str, Any]:
        status = self._pool.status(name, reference)
        try:
            model = read_spec(self._registry, status.version)
        except MlflowException as error:
            described: dict[str, Any] = {"signature": None, "flavors": None}
            reason: str | None = status.reason or error.message
        else:
            parts = model.signature.to_dict() if model.signature else {}
            signature = {part: json.loads(text) for part, text in parts.items() if text is not None}
            described = {"signature": signature or None, "flavors": list(model.flavors)}
            reason = status.reason
        return {
            "name": name,
            "reference": reference,
            "version": str(status.version.version),
            "stage": status.version.current_stage,
            "aliases": list(status.version.aliases),
            "state": status.state,
            "serving_version": status.serving_version,
            "reason": reason,
            **described,
        }


class _Server(socketserver.ThreadingUnixStreamServer):
    """One thread per connection."""

    daemon_threads = True
    request_queue_size = socket.SOMAXCONN

    def __init__(
        self,
        address: Path,
        answer: Callable[[dict[str, Any]], tuple[dict[str, Any], Lease | None]],
        release: Callable[[Lease], None],
    ) -> None:
        self.answer = answer
        self.release = release
        super().__init__(str(address), _Caller)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what nobody foresaw; the connection ends, and its lease."""
        _log.exception("a question of the HTTP server failed")


class _Caller(socketserver.StreamRequestHandler):
    """One thread of an HTTP process."""

    server: _Server

    def handle(self) -> None:
        """Answer line by line until the caller leaves."""
        lease: Lease | None = None
        try:
            for line in self.rfile:
                question = json.loads(line)
                if lease is not None:
                    self.server.release(lease)
                    lease = None
                if question["ask"] == "release":
                    continue
                try:
                    answer, lease = self.server.answer(question)
                except MlflowException as error:
                    answer = {"error": to_plain(error)}
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        except OSError as error:
            _log.info("an HTTP process left: %s", error)
        finally:
            if lease is not None:
                self.server.release(lease)
