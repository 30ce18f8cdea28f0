"""One stream of frames in an event loop: reading and writing never block it."""

from __future__ import annotations

import array
import os
import selectors
import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

from pycore.errors import InvalidInput
from pycore.models.frames import SEND_BUFFER_BYTES, FrameBuffer

#: What a selector of the engine keeps with each file: whom to call with the events that are ready.
OnEvents: TypeAlias = Callable[[int], None]

#: A caller sends one, with its first large request.
_FILES_AT_ONCE = 1


def receive_with_files(stream: socket.socket, n_bytes: int, n_files: int) -> tuple[bytes, list[int]]:
    """Return what comes next on a stream, and the numbers of the files that came with it.

    Programs that this process starts do not have these files, as with `socket.recv_fds` they would.
    """
    room = socket.CMSG_SPACE(n_files * array.array("i").itemsize)
    data, ancillary, _, _ = stream.recvmsg(n_bytes, room, socket.MSG_CMSG_CLOEXEC)
    files = array.array("i")
    for _, _, numbers in ancillary:
        files.frombytes(numbers)
    return data, files.tolist()


class Connection:
    """A stream socket watched by a selector, whose keys hold an `OnEvents`.

    Parameters
    ----------
    stream : socket
        Owned from now on.
    selector : BaseSelector
    on_frame : callable
        Called with each whole frame.
    on_close : callable
        Called once, when the other side has closed the stream or does not speak frames.
    """

    def __init__(
        self,
        stream: socket.socket,
        selector: selectors.BaseSelector,
        on_frame: Callable[[Connection, bytes], None],
        on_close: Callable[[Connection], None],
    ) -> None:
        stream.setblocking(False)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._stream = stream
        self._selector = selector
        self._on_frame = on_frame
        self._on_close = on_close
        self._inbox = FrameBuffer()
        #: Files that came with what was read, closed with the connection.
        self.files: list[int] = []
        self._outbox = bytearray()
        self.is_open = True
        self._is_paused = False
        selector.register(stream, selectors.EVENT_READ, self._on_events)

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for the other side to read."""
        return self.is_open and bool(self._outbox)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is on its way in either direction, as far as is known here."""
        return self.is_open and not self._outbox and not self._inbox.missing_bytes

    def fileno(self) -> int:
        """Return the stream's file number."""
        return self._stream.fileno()

    def pause(self) -> None:
        """Leave reading to somebody else, who has the same stream."""
        self._is_paused = True
        self._selector.unregister(self._stream)

    def resume(self) -> None:
        """Read again, however the other reader has left the stream."""
        self._is_paused = False
        self._stream.setblocking(False)
        self._selector.register(self._stream, selectors.EVENT_READ, self._on_events)

    def send_with_files(self, data: bytes, files: Sequence[int]) -> None:
        """Send a few bytes together with open files; only while the connection `is_at_rest`."""
        socket.send_fds(self._stream, [data], files)

    def send(self, data: bytes) -> None:
        """Send what the socket takes now and keep the rest for later; nothing when it is closed."""
        if not self.is_open:
            return
        if self._outbox:
            self._outbox += data
            return
        sent = self._send_now(data)
        if sent < len(data):
            self._outbox += memoryview(data)[sent:]
            self._selector.modify(self._stream, selectors.EVENT_READ | selectors.EVENT_WRITE, self._on_events)

    def receive(self) -> bool:
        """Read once, hand on the frames that are whole, and return whether there was anything to read."""
        try:
            data, files = receive_with_files(self._stream, self._inbox.read_bytes, _FILES_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            data, files = b"", []
        self.files += files
        try:
            frames = self._inbox.feed(data)
        except InvalidInput:
            frames, data = [], b""
        for frame in frames:
            if self.is_open:
                self._on_frame(self, frame)
        if not data and self.is_open:
            self.close()
            self._on_close(self)
        return bool(data)

    def close(self) -> None:
        """Close the stream; `on_close` is not called."""
        if self.is_open:
            self.is_open = False
            self._selector.unregister(self._stream)
            self._stream.close()
            while self.files:
                os.close(self.files.pop())

    def _on_events(self, events: int) -> None:
        if events & selectors.EVENT_WRITE and self.has_unsent:
            self._flush()
        # It may have been paused since the selector saw that there is something to read.
        if events & selectors.EVENT_READ and self.is_open and not self._is_paused:
            self.receive()

    def _flush(self) -> None:
        del self._outbox[: self._send_now(self._outbox)]
        if not self._outbox:
            self._selector.modify(self._stream, selectors.EVENT_READ, self._on_events)

    def _send_now(self, data: bytes | bytearray) -> int:
        try:
            return self._stream.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            # The reading side meets the same end and reports it.
            return len(data)
