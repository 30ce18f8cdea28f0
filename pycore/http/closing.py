"""Doing something once a reply has been sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


class Closing:
    """A reply after which something is done: only then has the client got all of it, a file included."""

    def __init__(self, reply: Iterable[bytes], done: Callable[[], None]) -> None:
        self._reply = reply
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._reply)

    def close(self) -> None:
        """End the reply; servers call it whether or not all has been sent."""
        if hasattr(self._reply, "close"):
            self._reply.close()
        self._done()
