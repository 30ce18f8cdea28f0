"""What the processes of a server do, counted for Prometheus.

Each process counts in files of its own in a folder that they share; a scrape, which any of them answers,
adds them up.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycore.errors import InvalidInput, Unavailable
from pycore.http.closing import Closing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Read by the library of Prometheus when it is loaded.
_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: The files of one process, as that library names them.
_FIGURES = re.compile(r"(counter|histogram)_\d+\.db")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class ServerMetrics:
    """The figures of a server. Made before its processes are forked.

    Parameters
    ----------
    folder : Path
        Made where it is missing; figures of former processes in it are removed.

    Raises
    ------
    InvalidInput
        The library of Prometheus is not installed.
    Unavailable
        The folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        if find_spec("prometheus_client") is None:
            raise InvalidInput(
                "Metrics for Prometheus need a library that is not installed: "
                "pip install 'crateflow[prometheus]'."
            )
        _make_empty(folder)
        self._folder = folder
        os.environ[_FOLDER_VARIABLE] = str(folder)
        # It takes its mode from the environment while it is loaded, and most servers do without it.
        from prometheus_client import Counter, Histogram

        endpoint = ("method", "route")
        self._requests = Counter(
            "crateflow_http_requests", "Requests that were answered.", (*endpoint, "status"), registry=None
        )
        self._seconds = Histogram(
            "crateflow_http_request_seconds",
            "Time from a request's first line to the end of its reply.",
            endpoint,
            registry=None,
            buckets=_SECONDS,
        )
        self._taken = Counter("crateflow_http_request_bytes", "Bodies of requests.", endpoint, registry=None)
        self._sent = Counter("crateflow_http_response_bytes", "Bodies of replies.", endpoint, registry=None)
        self._database = Histogram(
            "crateflow_database_seconds",
            "Time of a transaction, waiting for its turn included.",
            ("kind",),
            registry=None,
            buckets=_SECONDS,
        )

    def observe_transaction(self, kind: str, seconds: float) -> None:
        """Count a transaction of the database, "read" or "write"."""
        self._database.labels(kind).observe(seconds)

    def measured(
        self, application: WSGIApplication, route_of: Callable[[WSGIEnvironment], str | None]
    ) -> WSGIApplication:
        """Return an application whose requests are counted.

        Parameters
        ----------
        application : WSGI callable
        route_of : callable
            Returns the route of a request that has been answered, without what users have named; None for
            an address that there is not.
        """

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            began = time.perf_counter()
            status, size = "", 0

            def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
                nonlocal status, size
                status = line[:3]
                size = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
                return start_response(line, headers, exc_info)

            def count() -> None:
                # Clients may invent methods and addresses; not all of them get figures of their own.
                method = environ["REQUEST_METHOD"]
                endpoint = (method if method in _METHODS else "other", route_of(environ) or "none")
                self._seconds.labels(*endpoint).observe(time.perf_counter() - began)
                self._taken.labels(*endpoint).inc(_length(environ))
                self._sent.labels(*endpoint).inc(size if method != "HEAD" else 0)
                # The last: a request that is counted has all its figures.
                self._requests.labels(*endpoint, status).inc()

            return Closing(application(environ, start), count)

        return answer

    def render(self) -> tuple[bytes, str]:
        """Return the figures of all processes as text for a scrape, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = list(folder.iterdir())
        # All files of the folder are added up, and the former ones removed: nothing else may be there.
        if foreign := [file.name for file in files if not _FIGURES.fullmatch(file.name)]:
            raise InvalidInput(
                f"Metrics need a folder of their own: {str(folder)!r} holds {foreign[0]!r}. Give a new one."
            )
        for file in files:
            file.unlink()
    except OSError as error:
        raise Unavailable(f"Metrics cannot be kept in {str(folder)!r}: {error.strerror}.") from error


def _length(environ: WSGIEnvironment) -> int:
    length: str = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0
