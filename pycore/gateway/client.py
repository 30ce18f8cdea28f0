"""An HTTP process's side of the supervisor."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycore.errors import Unavailable
from pycore.models.remote_errors import from_plain


@dataclass(frozen=True)
class LentEngine:
    """An engine that stays for as long as the request that has it.

    Attributes
    ----------
    address : Path
        The host's socket.
    path : Path
        The model's folder.
    timeout_s : float
        The time limit of a request.
    version : str
    warning : str or None
        Why it is not the version that was meant.
    """

    address: Path
    path: Path
    timeout_s: float
    version: str
    warning: str | None


class GatewayClient:
    """Asks a supervisor; each thread has a connection of its own.

    Parameters
    ----------
    address : Path
        The supervisor's socket.
    """

    def __init__(self, address: Path) -> None:
        self._address = address
        self._of_thread = threading.local()

    @contextmanager
    def lease(self, name: str, reference: str) -> Iterator[LentEngine]:
        """Borrow the engine that answers for a reference; see `EnginePool.lease`."""
        lent = self._ask("lease", name, reference)
        try:
            yield LentEngine(
                Path(lent["address"]), Path(lent["path"]), lent["timeout_s"], lent["version"], lent["warning"]
            )
        finally:
            self._send({"ask": "release"})

    def status(self, name: str, reference: str) -> dict[str, Any]:
        """Return what is known about a reference, and what its model says of itself."""
        return self._ask("status", name, reference)

    def close(self) -> None:
        """Close the connection of this thread."""
        stream: socket.socket | None = getattr(self._of_thread, "stream", None)
        if stream is not None:
            self._of_thread.lines.close()
            stream.close()
            self._of_thread.stream = None

    def _ask(self, what: str, name: str, reference: str) -> dict[str, Any]:
        self._send({"ask": what, "name": name, "reference": reference})
        try:
            line = self._of_thread.lines.readline()
        except OSError:
            line = b""
        if not line:
            self.close()
            raise Unavailable("The server is being stopped; try again later.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise from_plain(answer["error"])
        return answer

    def _send(self, question: dict[str, Any]) -> None:
        try:
            if getattr(self._of_thread, "stream", None) is None:
                stream = self._of_thread.stream = socket.socket(socket.AF_UNIX)
                self._of_thread.lines = stream.makefile("rb")
                stream.connect(str(self._address))
            self._of_thread.stream.sendall(json.dumps(question).encode() + b"\n")
        except OSError as error:
            self.close()
            raise Unavailable("The server is being stopped; try again later.") from error
