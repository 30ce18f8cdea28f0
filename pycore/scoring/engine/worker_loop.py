"""What a worker does all its life: answer its host, and a caller whose connection the host has lent to it.

Besides the frames of `pycore.models.predictor_loop` a host and its worker exchange:

=============  ========  ===========================================================================
head           from      meaning
=============  ========  ===========================================================================
``"lend"``     host      answer up to so many requests of the connection that comes with this frame;
                         of the ``"files"``, the second is the memory for `LoanNotes`, a third that of
                         the caller
``"recall"``   host      give the connection back
``"starts"``   host      the rows of this request are in the caller's memory, which comes with the frame;
                         see `pycore.scoring.engine.caller_memory`
``"returned"`` worker    the connection is not read here any more, and what lies on it is the host's; with
                         ``"failure"``, the last request taken from it ended so after ``"seconds"``
=============  ========  ===========================================================================
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pycore.models.columns import Block
from pycore.models.flavor import Predictor
from pycore.models.frames import SEND_BUFFER_BYTES, Frame, FrameBuffer, decode, encode, read_head
from pycore.models.predictor_loop import Batches, answer
from pycore.scoring.engine.awake import Expectation
from pycore.scoring.engine.caller_memory import LEAST_ANSWER_BYTES, CallerMemory, fits, memory_of
from pycore.scoring.engine.connection import receive_with_files
from pycore.scoring.engine.loan_notes import LoanNotes

#: Makes looking at a stream go on where the last look ended; Python has no name for it.
_SO_PEEK_OFF = 42
#: Those of a loan.
_FILES_AT_ONCE = 3
#: A request must lie on the connection as a whole, and the kernel counts some multiple of its size.
_BUFFER_SHARE = 4


class WorkerLoop:
    """Answers until the host closes its stream.

    Parameters
    ----------
    predictor : Predictor
    host : socket
        A blocking stream.
    """

    def __init__(self, predictor: Predictor, host: socket.socket) -> None:
        host.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._predictor = predictor
        self._host = host
        self._inbox = FrameBuffer()
        self._files: list[int] = []
        self._batches = Batches(predictor)
        self._borrowed: _BorrowedConnection | None = None

    def run(self) -> None:
        """Answer."""
        try:
            while True:
                if self._borrowed is None or self._borrowed.wait_for_host():
                    if not self._hear_host():
                        return
                elif not self._answer_caller(self._borrowed):
                    self._give_back()
        except (BrokenPipeError, ConnectionResetError):
            return  # There is no host any more.

    def _hear_host(self) -> bool:
        """Read what the host has sent and act on it; False when it has closed the stream."""
        data, files = receive_with_files(self._host, self._inbox.read_bytes, _FILES_AT_ONCE)
        self._files += files
        for frame in self._inbox.feed(data):
            head, block = decode(frame)
            if "starts" in head:
                [file] = self._take_files(1)
                head, block = decode(frame, _memory_of(file).request, copy=self._predictor.keeps_data)
            if "lend" in head:
                files = self._take_files(head["files"])
                self._borrowed = _BorrowedConnection(*files, requests_left=head["lend"], host=self._host)
            elif "recall" in head:
                self._give_back()
            else:
                for answer_frame in self._batches.answers(head, block):
                    self._host.sendall(answer_frame)
        return bool(data)

    def _take_files(self, count: int) -> list[int]:
        """Return the next of the files that came with frames."""
        taken, self._files = self._files[:count], self._files[count:]
        return taken

    def _answer_caller(self, caller: _BorrowedConnection) -> bool:
        """Answer one request; False when the connection is for the host to read."""
        if not caller.requests_left or (request := caller.look(self._predictor.keeps_data)) is None:
            return False
        answer_frame, failed = answer(self._predictor, *request, lent=True)
        seconds = time.monotonic() - caller.notes.since
        if not failed:
            sent = caller.send(answer_frame, seconds)
            if not caller.has_news():
                self._predictor.tidy()
            return sent
        # Failures go by way of the host, who counts them.
        caller.take_away()
        self._give_back({"failure": read_head(answer_frame.to_bytes()), "seconds": seconds})
        return True

    def _give_back(self, more: Mapping[str, Any] = MappingProxyType({})) -> None:
        # A recall may cross the same connection on its way back.
        if self._borrowed is not None:
            self._borrowed.close()
            self._borrowed = None
            self._host.sendall(encode({"returned": True, **more}))


class _BorrowedConnection:
    """A caller's connection, read in place of the host.

    A request is only looked at until it is answered. Should this process die, the host finds it there.

    Parameters
    ----------
    connection, notes : int
        File numbers, owned from now on.
    memory : int, optional
        That of the caller's memory, owned as well.
    requests_left : int
        How many may be answered.
    host : socket
        Who goes first.
    """

    def __init__(
        self,
        connection: int,
        notes: int,
        memory: int | None = None,
        *,
        requests_left: int,
        host: socket.socket,
    ) -> None:
        self._memory = None if memory is None else _memory_of(memory)
        self.notes = LoanNotes(notes)
        os.close(notes)
        self.requests_left = requests_left
        self._stream = socket.socket(fileno=connection)
        self._stream.setblocking(True)
        self._stream.setsockopt(socket.SOL_SOCKET, _SO_PEEK_OFF, 0)
        # That of the other side, which counts here, is of the same size.
        self._most_bytes = self._stream.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // _BUFFER_SHARE
        self._request_bytes = 0
        self._host = host.fileno()
        self._waiting = select.poll()
        self._waiting.register(self._host, select.POLLIN)
        self._waiting.register(self._stream, select.POLLIN)
        self._expectation = Expectation([self._host, connection])

    def wait_for_host(self) -> bool:
        """Wait until there is something to read, and return whether it is from the host."""
        began = time.monotonic()
        found = self._waiting.poll(0)
        if not found:
            self._expectation.wait()
            found = self._waiting.poll()
        self._expectation.came(time.monotonic() - began)
        return any(number == self._host for number, _ in found)

    def has_news(self) -> bool:
        """Return whether there is something to read already, from the caller or the host."""
        return bool(self._waiting.poll(0))

    def look(self, keeps_data: bool) -> tuple[Mapping[str, Any], Block] | None:
        """Return the request that lies there; None if there is none to be answered here.

        Parameters
        ----------
        keeps_data : bool
            See `pycore.models.flavor.Predictor`.
        """
        inbox = FrameBuffer()
        frames: list[bytes] = []
        while not frames:
            if inbox.missing_bytes > self._most_bytes or not (data := self._more(inbox)):
                return None
            frames = inbox.feed(data)
        if len(frames) > 1 or inbox.missing_bytes:
            return None
        self._request_bytes = len(frames[0])
        memory = None if self._memory is None else self._memory.request
        head, block = decode(frames[0], memory, copy=keeps_data)
        return None if block is None else (head, block)

    def _more(self, inbox: FrameBuffer) -> bytes:
        """Return what comes after what was seen last, without taking it; nothing once the caller has gone."""
        try:
            data = self._stream.recv(inbox.read_bytes, socket.MSG_PEEK)
        except OSError:
            return b""
        if not inbox.missing_bytes:
            self.notes.begin(time.monotonic())
        return data

    def send(self, answer_frame: Frame, seconds: float) -> bool:
        """Send the answer and take the request away; False when the caller has gone.

        Parameters
        ----------
        answer_frame : Frame
        seconds : float
            How long the request took.
        """
        self.notes.begin_answer(seconds)
        data = None
        if self._memory is not None and fits(answer_frame, LEAST_ANSWER_BYTES):
            data = answer_frame.leave_in(self._memory.answer)
        try:
            self._stream.sendall(data or answer_frame.to_bytes())
        except OSError:
            return False
        self._discard()
        self.notes.end()
        self.requests_left -= 1
        return True

    def take_away(self) -> None:
        """Take the request away without an answer, which somebody else sends."""
        self.notes.begin_answer(None)
        self._discard()

    def _discard(self) -> None:
        while self._request_bytes:
            self._request_bytes -= len(self._stream.recv(self._request_bytes))

    def close(self) -> None:
        """Leave the connection to the host."""
        self._stream.close()


def _memory_of(file: int) -> CallerMemory:
    try:
        return memory_of(file)
    finally:
        os.close(file)
