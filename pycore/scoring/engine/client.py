"""A caller's side of a model host: blocks in, blocks out, from any number of threads."""

from __future__ import annotations

import math
import os
import socket
import struct
import threading
import uuid
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from pycore.errors import DeadlineExceeded, Unavailable
from pycore.models.batches import batch_key
from pycore.models.columns import Block, Json
from pycore.models.frames import SEND_BUFFER_BYTES, Frame, FrameBuffer, decode, encode
from pycore.models.remote_errors import from_plain
from pycore.scoring.engine.request_memory import LEAST_BYTES, MOST_BYTES, new_memory, writable

#: How much later than the host this side gives up: the host is the one to say that time is over.
_GRACE_S = 5.0


class EngineClient:
    """Talks to one host; each thread has a connection of its own.

    Parameters
    ----------
    address : Path
        The host's socket; it may come and go as the host is restarted.
    timeout_s : float
        The host's time limit of a request.
    """

    def __init__(self, address: Path, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._of_thread = threading.local()

    def predict(self, block: Block, params: Mapping[str, Any]) -> Block:
        """Score rows; see `pycore.models.flavor.Predictor`.

        Raises
        ------
        Unavailable
            No host is there now, or its queue is full.
        DeadlineExceeded
        ModelError
            The model refused; `ModelCrashed` when it killed the process it ran in.
        """
        head = {
            "params": params,
            "rows": 1 if isinstance(block, Json) else block.n_rows,
            "batch": batch_key(block, params),
        }
        _, result = self._ask(head, block)
        assert result is not None, "only failures come without a block"
        return result

    def state(self) -> dict[str, Any]:
        """Return what the host says about itself.

        Raises
        ------
        Unavailable
            No host is there now.
        """
        head, _ = self._ask({"ask": "state"}, None)
        state: dict[str, Any] = head["state"]
        return state

    def close(self) -> None:
        """Close the connection of this thread."""
        connection: _HostConnection | None = getattr(self._of_thread, "connection", None)
        if connection is not None:
            connection.close()
            self._of_thread.connection = None

    def _ask(self, head: Mapping[str, Any], block: Block | None) -> tuple[dict[str, Any], Block | None]:
        try:
            frame = self._send({"id": self._next_id(), **head}, block).receive()
        except BlockingIOError as error:
            self.close()
            raise DeadlineExceeded(
                f"The model's host has not answered within {self._timeout_s + _GRACE_S:g} s."
            ) from error
        except OSError as error:
            self.close()
            raise Unavailable("The model's host is being restarted; try again later.") from error
        answer, result = decode(frame)
        if "error" in answer:
            raise from_plain(answer["error"])
        return answer, result

    def _next_id(self) -> str:
        """Return a number that no other request has, whichever process or thread asks."""
        numbers: Iterator[int] | None = getattr(self._of_thread, "numbers", None)
        if numbers is None:
            self._of_thread.numbers = numbers = count()
            self._of_thread.name = uuid.uuid4().hex
        return f"{self._of_thread.name}-{next(numbers)}"

    def _send(self, head: Mapping[str, Any], block: Block | None) -> _HostConnection:
        """Send a question and return the connection on which its answer comes."""
        connection: _HostConnection | None = getattr(self._of_thread, "connection", None)
        if connection is not None:
            try:
                connection.send(head, block)
            except OSError:
                # The host of this connection is gone, and has not read the question.
                self.close()
            else:
                return connection
        self._of_thread.connection = connection = _HostConnection(
            self._address, math.ceil(self._timeout_s + _GRACE_S)
        )
        connection.send(head, block)
        return connection


class _HostConnection:
    """A connection to a host, with one question at a time.

    Parameters
    ----------
    address : Path
    timeout_s : int
        How long to wait for an answer.
    """

    def __init__(self, address: Path, timeout_s: int) -> None:
        self._memory: memoryview | None = None
        self._stream = socket.socket(socket.AF_UNIX)
        # The kernel's own limits: with those of Python's sockets each call would be two.
        limit = struct.pack("@ll", timeout_s, 0)
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            self._stream.connect(str(address))
        except BaseException:  # an interrupt, too, must leave no open socket
            self._stream.close()
            raise

    def send(self, head: Mapping[str, Any], block: Block | None) -> None:
        """Send a question, a large one by way of memory."""
        frame = Frame(head, block)
        if not LEAST_BYTES <= frame.n_bytes <= MOST_BYTES:
            self._stream.sendall(frame.to_bytes())
            return
        note = encode({"id": head["id"], "rows": head["rows"], "in_memory": frame.n_bytes})
        if self._memory is not None:
            frame.write_to(self._memory)
            self._stream.sendall(note)
            return
        file = new_memory()
        try:
            self._memory = writable(file)
            frame.write_to(self._memory)
            socket.send_fds(self._stream, [note], [file])
        finally:
            os.close(file)

    def receive(self) -> bytes:
        """Return the frame that comes next."""
        inbox = FrameBuffer()
        while data := self._stream.recv(inbox.read_bytes):
            if frames := inbox.feed(data):
                return frames[0]
        raise ConnectionResetError("the host has closed the connection")

    def close(self) -> None:
        """Close the connection; its memory, which a worker may still read, is not written any more."""
        self._stream.close()
