"""A caller's side of a model host: blocks in, blocks out, from any number of threads."""

from __future__ import annotations

import math
import socket
import struct
import threading
import uuid
from collections.abc import Iterator, Mapping
from io import FileIO
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

from pycore.errors import DeadlineExceeded, Unavailable
from pycore.models.batches import batch_key
from pycore.models.columns import Block, Json
from pycore.models.frames import SEND_BUFFER_BYTES, Frame, FrameBuffer, decode
from pycore.models.remote_errors import from_plain
from pycore.scoring.engine.awake import Asking, Expectation
from pycore.scoring.engine.caller_memory import (
    LEAST_REQUEST_BYTES,
    MOST_BYTES,
    CallerMemory,
    fits,
    memory_of,
    new_memory,
)

#: How much later than the host this side gives up: the host is the one to say that time is over.
_GRACE_S = 5.0
#: The threads of this process, whichever model they ask.
_ASKING = Asking()


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

    def room(self, n_bytes: int) -> memoryview | None:
        """Return memory for data of which this thread makes its next request; None if that is no gain.

        Arrays that lie there, and are all of the block, reach the model without a copy. They change with the
        next request of this thread.
        """
        if not LEAST_REQUEST_BYTES <= n_bytes <= MOST_BYTES:
            return None
        try:
            return self._connection().memory().request[:n_bytes]
        except OSError:
            return None  # The request will fail, and say why.

    def close(self) -> None:
        """Close the connection of this thread."""
        connection: _HostConnection | None = getattr(self._of_thread, "connection", None)
        if connection is not None:
            connection.close()
            self._of_thread.connection = None

    def _ask(self, head: Mapping[str, Any], block: Block | None) -> tuple[dict[str, Any], Block | None]:
        try:
            with _ASKING.one_more():
                answer, result = self._send({"id": self._next_id(), **head}, block).receive()
        except BlockingIOError as error:
            self.close()
            raise DeadlineExceeded(
                f"The model's host has not answered within {self._timeout_s + _GRACE_S:g} s."
            ) from error
        except OSError as error:
            self.close()
            raise Unavailable("The model's host is being restarted; try again later.") from error
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
        connection = self._connection()
        connection.send(head, block)
        return connection

    def _connection(self) -> _HostConnection:
        """Return the connection of this thread, a new one if there is none."""
        connection: _HostConnection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            timeout_s = math.ceil(self._timeout_s + _GRACE_S)
            self._of_thread.connection = connection = _HostConnection(self._address, timeout_s)
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
        self._memory: CallerMemory | None = None
        #: The file of the memory, until the host has it.
        self._unsent_file: FileIO | None = None
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
        self._expectation = Expectation([self._stream.fileno()], _ASKING.is_alone)

    def memory(self) -> CallerMemory:
        """Return the memory that this connection shares with workers."""
        if self._memory is None:
            self._unsent_file = FileIO(new_memory(), "r+")
            self._memory = memory_of(self._unsent_file.fileno())
        return self._memory

    def send(self, head: Mapping[str, Any], block: Block | None) -> None:
        """Send a question, a large one by way of memory."""
        frame = Frame(head, block)
        note = None
        if fits(frame, LEAST_REQUEST_BYTES):
            note = frame.leave_in(self.memory().request)
        if note is None:
            self._stream.sendall(frame.to_bytes())
        elif self._unsent_file is None:
            self._stream.sendall(note)
        else:
            socket.send_fds(self._stream, [note], [self._unsent_file.fileno()])
            self._close_file()

    def receive(self) -> tuple[dict[str, Any], Block | None]:
        """Return the head and the block of the frame that comes next."""
        asked = monotonic()
        self._expectation.wait()
        inbox = FrameBuffer()
        while data := self._stream.recv(inbox.read_bytes):
            if frames := inbox.feed(data):
                # A model may write to the memory, whatever is in it.
                memory = None if self._memory is None else self._memory.answer
                head, block = decode(frames[0], memory, copy=True)
                if head.get("lent"):
                    self._expectation.came(monotonic() - asked)
                else:
                    self._expectation.forget()
                return head, block
        raise ConnectionResetError("the host has closed the connection")

    def close(self) -> None:
        """Close the connection; its memory, which a worker may still read, is not written any more."""
        self._stream.close()
        self._close_file()

    def _close_file(self) -> None:
        if self._unsent_file is not None:
            self._unsent_file.close()
            self._unsent_file = None
