"""The process that answers requests: gunicorn's threaded worker, with less handing over."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Holds back what does not fill a packet; the number is TCP_NOPUSH of macOS, which Python does not name.
_CORK: int = getattr(socket, "TCP_CORK", 4)
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

    def load_wsgi(self) -> None:
        """Load the application; what it answers is held back until it is whole."""
        super().load_wsgi()
        self.wsgi: WSGIApplication = _corked(self.wsgi)

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and those that follow at once; return what to do with the connection."""
        kept = self._answer(conn)
        while kept is True and self._may_stay() and _follows(conn):
            kept = self._answer(conn)
        return kept

    def accept(self, *listener: Any) -> None:
        """Take a new connection, unless a worker with fewer of them was quicker."""
        time.sleep(min(self.nr_conns * _YIELD_S, _MAX_YIELD_S))
        super().accept(*listener)

    def _answer(self, conn: TConn) -> Any:
        try:
            return super().handle(conn)
        finally:
            # The client may have closed it meanwhile.
            with suppress(OSError):
                conn.sock.setsockopt(socket.IPPROTO_TCP, _CORK, 0)

    def _may_stay(self) -> bool:
        return bool(self.alive and self.nr_conns <= self.cfg.threads)


def _corked(application: WSGIApplication) -> WSGIApplication:
    """Let the head of an answer and its body leave in one packet, which wakes the client once.

    gunicorn writes them one after the other.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["gunicorn.socket"].setsockopt(socket.IPPROTO_TCP, _CORK, 1)
        return application(environ, start_response)

    return answer


def _follows(conn: TConn) -> bool:
    # What was read ahead already does not show on the socket; the main thread looks for it.
    if conn.parser.unreader.buf.getvalue():
        return False
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(_STAY_MS))
