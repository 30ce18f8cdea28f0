"""Putting gunicorn in front of an application, for every verb that serves HTTP."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import select
import shlex
import socket
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it ships no types
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # it ships no types

from pycore.errors import InvalidInput, Unavailable
from pycore.http import stop_signals

_BACKLOG = 2048
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
#: Settings by which gunicorn itself does something with every request.
_MEANT_FOR_ALL = ("accesslog", "certfile", "max_requests", "statsd_host")


def listen(host: str, port: int) -> socket.socket:
    """Take a port, so that its being in use is known before anything else is done.

    Parameters
    ----------
    host : str
        Name or address of the interface.
    port : int
        0 for any free one.

    Raises
    ------
    Unavailable
        The port is in use or may not be used.
    InvalidInput
        The host is no interface of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise InvalidInput(f"Cannot listen on the host {host!r}: {error.strerror}.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"Port {port} of {host} is in use: stop what uses it, or give another port with --port "
                "(0 picks a free one)."
            ) from error
        if error.errno == errno.EACCES:
            raise Unavailable(
                f"Port {port} is not for this user: give one above 1023 with --port."
            ) from error
        raise InvalidInput(
            f"Cannot listen on {host!r}: {error.strerror}; give another with --host."
        ) from error


def address_of(listener: socket.socket) -> str:
    """Return the URL that a listening socket is reached at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    application: Callable[..., Iterable[bytes]],
    listener: socket.socket,
    workers: int,
    threads: int,
    gunicorn_options: str = "",
    brief: Collection[str] = (),
    plain: Collection[str] = (),
) -> None:
    """Answer requests until SIGTERM, which lets the running ones end; does not return.

    Prints ``Listening at http://HOST:PORT`` once requests are answered.

    Parameters
    ----------
    application : WSGI callable
        Built before the workers are forked; all of them run this one.
    listener : socket
        From `listen`.
    workers, threads : int
        Processes, and requests each of them answers at a time.
    gunicorn_options : str
        Further options as gunicorn's own command line has them.
    brief : collection of str
        Paths whose requests are answered in a moment, without waiting for anything beyond this machine;
        see `pycore.http.worker.TurnsWorker`.
    plain : collection of str
        Paths whose requests may take longer, and mostly come one after the other; see
        `pycore.http.worker.StayingWorker`.
    """
    sys.stdout.flush()
    # What is loaded now stays: the workers need not go through it for garbage, and go on sharing it.
    gc.collect()
    gc.freeze()
    # A page of runs makes thousands of objects that are gone with it; looking for cycles among them, as
    # Python does with every 700, takes a tenth of its time.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    _Gunicorn(application, listener, workers, threads, gunicorn_options, brief, plain).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        listener: socket.socket,
        workers: int,
        threads: int,
        gunicorn_options: str,
        brief: Collection[str],
        plain: Collection[str],
    ) -> None:
        self.plain = frozenset(brief).union(plain)
        self._brief = bool(brief)
        self._application = application
        self._address = address_of(listener)
        # gunicorn takes the socket over. It reads the settings again on SIGHUP: they name the same one.
        self._bind = f"fd://{listener.detach()}"
        self._started = multiprocessing.Value("i", 0)
        self._workers = workers
        self._threads = threads
        self._options = gunicorn_options
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "workers": self._workers,
            "threads": self._threads,
            "loglevel": "warning",
            # Idle connections cost nothing here, and a new one for each call costs clients a lot.
            "keepalive": 75,
            # Filters travel in the query of a GET; this is the most that gunicorn takes.
            "limit_request_line": 8190,
            # Newer releases open a socket in the home folder through which they can be commanded.
            "control_socket_disable": True,
            "post_worker_init": self._announce,  # which lets through what `_Arbiter` holds back
        }
        if self._options:
            given = vars(self.cfg.parser().parse_args(shlex.split(self._options)))
            settings |= {name: value for name, value in given.items() if value is not None}
        if any(settings.get(name) for name in _MEANT_FOR_ALL):
            self.plain = frozenset()
        # Turns are Linux's to tell; elsewhere threads stay with their connections.
        takes_turns = self._brief and self.plain and hasattr(select, "epoll")
        settings.setdefault(
            "worker_class", f"pycore.http.worker.{'Turns' if takes_turns else 'Staying'}Worker"
        )
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)
        self.cfg.set("bind", self._bind)

    def run(self) -> None:
        try:
            _Arbiter(self).run()
        except RuntimeError as error:
            print(f"gunicorn does not start: {error}", file=sys.stderr, flush=True)
            sys.exit(1)

    def _announce(self, worker: Any) -> None:
        stop_signals.let_through()
        # Told by the last worker to start. Workers that replace others count on.
        with self._started.get_lock():
            self._started.value += 1
            if self._started.value == worker.cfg.workers:
                print(f"Listening at {self._address}", flush=True)

    def load(self) -> Callable[..., Iterable[bytes]]:
        return self._application


class _Arbiter(Arbiter):  # type: ignore[misc]
    """Starts the workers.

    A worker begins with a copy of the arbiter's handlers. What told it to stop before it has its own would be
    noted down in the copy, where nobody reads it, and the arbiter tells it only once.
    """

    def spawn_worker(self) -> Any:
        """Start a worker that misses no signal."""
        with stop_signals.held_back():
            return super().spawn_worker()
