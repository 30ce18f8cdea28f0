"""Telling somebody how far a transfer is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import BinaryIO, TypeAlias, cast

#: Called with the bytes that have been moved, and those there are to move.
Observer: TypeAlias = Callable[[int, int], None]

# Between the one who observes and the transfer lie clients and stores, to whom it means nothing.
_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Tell an observer of the transfers of a block, which are those of this thread."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


class Progress:
    """What has been moved of a transfer.

    Parameters
    ----------
    total_bytes : int
        Of all its files.
    """

    def __init__(self, total_bytes: int) -> None:
        self._observer = _observer.get()
        self._total_bytes = total_bytes
        self._moved_bytes = 0

    def counted(self, stream: BinaryIO) -> BinaryIO:
        """Return a stream whose reading counts; the stream itself when nobody observes."""
        if self._observer is None:
            return stream
        return cast(BinaryIO, _CountedStream(stream, self._move))

    def _move(self, count: int) -> None:
        assert self._observer is not None, "only then streams are counted"
        self._moved_bytes += count
        self._observer(self._moved_bytes, self._total_bytes)


class _CountedStream(io.RawIOBase):
    """A stream to read; what is read again, as in an upload that is repeated, counts once."""

    def __init__(self, stream: BinaryIO, move: Callable[[int], None]) -> None:
        self._stream = stream
        self._move = move
        self._position = 0
        self._counted = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = self._stream.seek(offset, whence)
        return self._position

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any buffer, says typeshed
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        if self._position > self._counted:
            self._move(self._position - self._counted)
            self._counted = self._position
        return len(data)
