"""The processes that answer requests: gunicorn's threaded worker, with less handing over."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any

from gunicorn.http.wsgi import base_environ  # type: ignore[import-untyped]  # it ships no types
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # it ships no types

from pycore.http.plain_http import MOST_BYTES, MOST_HEAD_BYTES, PlainHttp
from pycore.http.turns import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Holds back what does not fill a packet; the number is TCP_NOPUSH of macOS, which Python does not name.
_CORK: int = getattr(socket, "TCP_CORK", 4)
#: How long a thread waits for the next request of a connection that it has just answered.
_STAY_MS = 50
#: How much later a worker takes a new connection for each one that it has, and the longest such delay.
_YIELD_S = 0.0001
_MAX_YIELD_S = 0.001
#: How long a worker that stops waits for a request that may be on its way.
_LINGER_S = 2.0


class StayingWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose threads stay with a connection while its client goes on asking.

    By itself each request of a kept-alive connection wakes the main thread, which wakes one of the pool,
    which wakes the main thread again; that costs as much as answering. While there are no more connections
    than threads nobody waits for a thread that stays. With more, all take turns as before.

    Which paths have requests that are mostly plain, the application says that it was given: gunicorn's
    `BaseApplication`, with `plain`. Those that follow others are read by `PlainHttp` then.
    """

    def load_wsgi(self) -> None:
        """Load the application; what it answers is held back until it is whole."""
        super().load_wsgi()
        # Fields of proxies count when they come from one that is trusted, which gunicorn knows.
        of_proxies = self.cfg.secure_scheme_headers
        server, environ = self.sockets[0].getsockname()[:2], base_environ(self.cfg)
        self._http = PlainHttp(self.wsgi, self.app.plain, of_proxies, server, environ)
        self.wsgi: WSGIApplication = _corked(self.wsgi)

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and those that follow at once; return what to do with the connection."""
        kept = self._answer(conn)
        while kept is True and self._may_stay() and _follows(conn):
            kept = self._answer_next(conn)
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

    def _answer_next(self, conn: TConn) -> Any:
        try:
            kept = self._answer_plainly(conn, conn.sock) if self.app.plain else None
        except OSError:
            return False  # Its client is gone.
        except Exception:  # whatever the application did, this worker goes on
            self.log.exception("Error handling request")
            return False
        return self._answer(conn) if kept is None else kept

    def _answer_plainly(self, conn: TConn, body_from: socket.socket | None = None) -> bool | None:
        """Answer a plain request, and return whether the connection is kept; None if there is none.

        With `body_from`, the body may be still to come.
        """
        n_bytes = MOST_BYTES if body_from is None else MOST_HEAD_BYTES
        seen = conn.sock.recv(n_bytes, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        request = self._http.read(seen, conn.client, body_from)
        if request is None:
            return None
        conn.sock.recv(request.size_bytes)
        kept: bool = self.alive
        self._http.answer(request, conn.sock, kept)
        if request.coming is not None:
            kept = request.coming.leave_out() and kept
        if kept:
            conn.set_timeout()
        return kept

    def _may_stay(self) -> bool:
        return bool(self.alive and self.nr_conns <= self.cfg.threads)


class TurnsWorker(StayingWorker):
    """A worker whose plain and brief requests are answered in turn, by one thread.

    See `PlainHttp` and `Turns`; here, those for the application's `plain` paths are brief. New connections,
    and whatever else is asked, have the threads of the pool and gunicorn's own parser.
    """

    def run(self) -> None:
        """Answer until told to stop."""
        self._ended: set[TConn] = set()
        self._turns = Turns(self._give_turn, lambda conn: conn.sock, self.tpool)
        self._turns.start()
        try:
            super().run()
        finally:
            self._turns.stop()

    def is_parent_alive(self) -> bool:
        """Return whether the server goes on; a worker that is left alone stops."""
        goes_on = bool(super().is_parent_alive())
        if not goes_on:
            self.alive = False
        return goes_on

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return the threads: as many as were asked for, and one that gives turns."""
        return ThreadPoolExecutor(self.cfg.threads + 1)

    def handle(self, conn: TConn) -> Any:
        """Answer a request in a thread of the pool; return what to do with the connection."""
        if conn in self._ended:
            self._ended.remove(conn)
            return False
        return self._answer(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Let a connection that was answered by a thread of the pool take its turns from now on."""
        kept = not fs.cancelled() and fs.exception() is None and fs.result() is True
        if kept and self.alive and not _read_ahead(conn):
            conn.set_timeout()
            self._turns.add(conn)
        else:
            super().finish_request(conn, fs)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections whose client asks no more."""
        now = time.monotonic()
        for conn in self._turns.withdraw(lambda conn: force or not self.alive or conn.timeout < now):
            # A worker that stops waits a moment for requests that may be on their way.
            conn.timeout = min(conn.timeout, now + _LINGER_S)
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
        super().murder_keepalived(force)

    def _give_turn(self, conn: TConn) -> bool:
        """Answer a request, or leave it to the pool; return whether the connection goes on taking turns."""
        try:
            kept = self._answer_plainly(conn)
            if kept:
                return True
            if kept is False:
                self._ended.add(conn)
        except BlockingIOError:
            # It does not ask after all.
            return True
        except OSError:
            # Its client is gone.
            self._ended.add(conn)
        except Exception:  # whatever the application did, this worker goes on
            self.log.exception("Error handling request")
            self._ended.add(conn)
        # Only the main thread may close it.
        self.enqueue_req(conn)
        return False


def _corked(application: WSGIApplication) -> WSGIApplication:
    """Let the head of an answer and its body leave in one packet, which wakes the client once.

    gunicorn writes them one after the other.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["gunicorn.socket"].setsockopt(socket.IPPROTO_TCP, _CORK, 1)
        return application(environ, start_response)

    return answer


def _read_ahead(conn: TConn) -> bool:
    """Return whether the next request has been read already, which the socket then does not show."""
    return bool(conn.parser.unreader.buf.getvalue())


def _follows(conn: TConn) -> bool:
    # The main thread looks for what was read ahead.
    if _read_ahead(conn):
        return False
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(_STAY_MS))
