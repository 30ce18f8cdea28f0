"""The process that answers requests: gunicorn's threaded worker, with less handing over."""

from __future__ import annotations

import select
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # it ships no types

#: How long a thread waits for the next request of a connection that it has just answered.
_STAY_MS = 50
#: How much later a worker takes a new connection for each one that it has, and the longest such delay.
_YIELD_S = 0.0001
_MAX_YIELD_S = 0.001


class StayingWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose threads stay with a connection while its client goes on asking.

    By itself each request of a kept-alive connection wakes the main thread, which wakes one of the pool,
    which wakes the main thread again; that costs as much as answering. While there are no more connections
    than threads nobody waits for a thread that stays. With more, all take turns as before.
    """

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and those that follow at once; return what to do with the connection."""
        kept = super().handle(conn)
        while kept is True and self._may_stay() and _follows(conn):
            kept = super().handle(conn)
        return kept

    def accept(self, *listener: Any) -> None:
        """Take a new connection, unless a worker with fewer of them was quicker."""
        time.sleep(min(self.nr_conns * _YIELD_S, _MAX_YIELD_S))
        super().accept(*listener)

    def _may_stay(self) -> bool:
        return bool(self.alive and self.nr_conns <= self.cfg.threads)


def _follows(conn: TConn) -> bool:
    # What was read ahead already does not show on the socket; the main thread looks for it.
    if conn.parser.unreader.buf.getvalue():
        return False
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(_STAY_MS))
