"""All engines of a gateway: started on first use, swapped when a stage moves, stopped when idle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TimeoutOfFuture
from dataclasses import dataclass
from pathlib import Path

from pycore.entities import ModelVersion
from pycore.errors import MlflowException, NotFound, Unavailable
from pycore.gateway.engine import Engine
from pycore.gateway.options import GatewayOptions
from pycore.gateway.references import find_version
from pycore.models.registry import prepare_environment
from pycore.protocols import Api
from pycore.scoring.engine.options import EngineOptions

_log = logging.getLogger(__name__)

#: What a reference means is looked up again after this long.
_FRESH_S = 1.0
#: How long a request waits for that while an answer of before is known.
_PATIENCE_S = 1.0
#: A version that did not start is tried again after this long.
_RETRY_S = 30.0
#: How often idle engines and the memory of all are looked at.
_LOOK_EVERY_S = 1.0

#: Fetches the model of a version below a folder.
Fetch = Callable[[Api, ModelVersion, Path], Path]


class _Route:
    """What a reference means, and which engine answers for it until the meant one is ready."""

    def __init__(self, wanted: ModelVersion) -> None:
        self.wanted = wanted
        self.fresh_until = 0.0
        self.asking = False
        self.serving: _Entry | None = None


class _Entry:
    """An engine under the version it runs."""

    def __init__(self, version: ModelVersion, engine: Engine) -> None:
        self.version = version
        self.engine = engine
        self.started_at = time.monotonic()


@dataclass(frozen=True)
class Lease:
    """An engine lent to one request; it is not stopped before `EnginePool.release`.

    Attributes
    ----------
    engine : Engine
    version : str
        The one it runs.
    warning : str or None
        Why it is not the version that was meant.
    """

    engine: Engine
    version: str
    warning: str | None


@dataclass(frozen=True)
class Status:
    """What is known about a reference without starting anything.

    Attributes
    ----------
    version : ModelVersion
        The one that is meant.
    state : str
        "ready", "starting", "failed" or "stopped".
    serving_version : str or None
        The one that answers.
    reason : str or None
        Why it failed.
    """

    version: ModelVersion
    state: str
    serving_version: str | None
    reason: str | None


class EnginePool:
    """Engines by version, and references to them; use it from any number of threads.

    Parameters
    ----------
    registry : Api
    options : GatewayOptions
    fetch : callable
        See `pycore.gateway.model_files.fetch_model`.
    """

    def __init__(self, registry: Api, options: GatewayOptions, fetch: Fetch) -> None:
        self._registry = registry
        self._options = options
        self._fetch = fetch
        self._routes: dict[tuple[str, str], _Route] = {}
        self._entries: dict[tuple[str, str, int], _Entry] = {}
        self._stopped: list[Engine] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._look_after, name="engine-pool", daemon=True)

    def open(self) -> None:
        """Begin to look after memory and idle engines."""
        self._keeper.start()

    def close(self) -> None:
        """Stop every engine and wait for their ends; let all requests be answered before."""
        self._closing.set()
        self._keeper.join()
        with self._changed:
            for entry in list(self._entries.values()):
                self._drop(entry)
            stopped, self._stopped = self._stopped, []
        for engine in stopped:
            engine.join()

    def lease(self, name: str, reference: str) -> Lease:
        """Lend the engine that answers for a reference, started when there is none.

        Raises
        ------
        NotFound
            The reference means no version.
        ModelError
            The version cannot be loaded, and none answered for the reference before.
        Unavailable
            The engine has not started in time, or the registry cannot be asked.
        """
        route = self._route(name, reference)
        deadline = time.monotonic() + self._options.start_s
        with self._changed:
            while True:
                entry = self._entry(route.wanted)
                if entry.engine.ready:
                    route.serving = entry
                    return self._lend(entry, None)
                error = entry.engine.error
                if route.serving is not None and self._is_kept(route.serving):
                    return self._lend(route.serving, self._stays_behind(route, error) if error else None)
                if error is not None:
                    raise error
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Unavailable(
                        f"Version {entry.version.version} of {name!r} has not started within "
                        f"{self._options.start_s:g} s; try again later."
                    )

    def release(self, lease: Lease) -> None:
        """Take an engine back."""
        with self._changed:
            lease.engine.leases -= 1
            lease.engine.used_at = time.monotonic()
            self._retire()

    def status(self, name: str, reference: str) -> Status:
        """Return what is known about a reference.

        Raises
        ------
        NotFound
            It means no version.
        """
        route = self._route(name, reference)
        with self._changed:
            entry = self._entries.get(_key(route.wanted))
            error = entry.engine.error if entry else None
            if entry is None:
                state = "stopped"
            elif entry.engine.ready:
                state = "ready"
            else:
                state = "failed" if error else "starting"
            serving = entry if state == "ready" else route.serving
            return Status(
                route.wanted,
                state,
                str(serving.version.version) if serving else None,
                error.message if error else None,
            )

    # What a reference means

    def _route(self, name: str, reference: str) -> _Route:
        key = (name, reference)
        with self._changed:
            route = self._routes.get(key)
            if route is not None:
                # While one request has the registry asked, others go on with what is known.
                if route.asking or time.monotonic() < route.fresh_until:
                    return route
                route.asking = True
        return self._look_up(key) if route is None else self._refreshed(key, route)

    def _refreshed(self, key: tuple[str, str], route: _Route) -> _Route:
        """Look a reference up again; what is known counts on while the registry does not answer."""
        answer: Future[_Route] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._look_up(key))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for it
                answer.set_exception(error)
            finally:
                route.asking = False

        threading.Thread(target=ask, name="registry", daemon=True).start()
        try:
            return answer.result(_PATIENCE_S)
        except (TimeoutOfFuture, Unavailable):
            _log.warning("The registry does not say which version %s of %r is now.", key[1], key[0])
            return route

    def _look_up(self, key: tuple[str, str]) -> _Route:
        try:
            wanted = find_version(self._registry, *key)
        except NotFound:
            with self._changed:
                self._routes.pop(key, None)
                self._retire()
            raise
        with self._changed:
            route = self._routes.setdefault(key, _Route(wanted))
            route.wanted = wanted
            route.fresh_until = time.monotonic() + _FRESH_S
            return route

    @staticmethod
    def _stays_behind(route: _Route, error: MlflowException) -> str:
        assert route.serving is not None, "something answers instead"
        return (
            f"version {route.wanted.version} cannot be loaded, version {route.serving.version.version} "
            f"answers: {error.message}"
        )

    # Engines; the lock is held

    def _entry(self, version: ModelVersion) -> _Entry:
        """Return the engine of a version, which is started when there is none."""
        entry = self._entries.get(_key(version))
        if entry is not None and entry.engine.error is not None:
            if time.monotonic() - entry.started_at < _RETRY_S:
                return entry
            self._drop(entry)
            entry = None
        if entry is None:
            if self._closing.is_set():
                raise Unavailable("The gateway is being stopped; try again later.")
            options = EngineOptions(
                Path(),
                self._options.workers,
                self._options.timeout_s,
                batch_rows=self._options.batch_rows,
            )
            engine = Engine(
                lambda folder: self._fetch(self._registry, version, folder),
                self._prepare,
                options,
                self._on_started,
            )
            entry = self._entries[_key(version)] = _Entry(version, engine)
            engine.start()
        return entry

    def _prepare(self, path: Path) -> Mapping[str, str]:
        """Install the R packages of a model, where that is wanted; other models run with what is here."""
        if not self._options.with_library:
            return {}
        return prepare_environment(path, self._options.repositories) or {}

    def _is_kept(self, entry: _Entry) -> bool:
        """Return whether an engine has not been told to stop, whatever a route remembers."""
        return self._entries.get(_key(entry.version)) is entry

    def _on_started(self) -> None:
        with self._changed:
            self._changed.notify_all()

    @staticmethod
    def _lend(entry: _Entry, warning: str | None) -> Lease:
        entry.engine.leases += 1
        entry.engine.used_at = time.monotonic()
        return Lease(entry.engine, str(entry.version.version), warning)

    def _retire(self) -> None:
        """Stop the engines that no reference means any more and nobody uses."""
        meant = {_key(route.wanted) for route in self._routes.values()}
        serving = [route.serving for route in self._routes.values()]
        for key, entry in list(self._entries.items()):
            if key not in meant and entry not in serving and _is_idle(entry):
                self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        """Stop an engine and forget it."""
        del self._entries[_key(entry.version)]
        for key, route in list(self._routes.items()):
            if route.serving is entry:
                del self._routes[key]
        entry.engine.stop()
        self._stopped.append(entry.engine)

    # Memory and idleness

    def _look_after(self) -> None:
        while not self._closing.wait(_LOOK_EVERY_S):
            with self._changed:
                self._retire()
                self._stop_unused()
                self._stopped = [engine for engine in self._stopped if not engine.has_ended]
                ready = [entry for entry in self._entries.values() if entry.engine.ready]
            # Measured without the lock: a host that is busy may take its time to answer.
            memory_mb = {id(entry): entry.engine.memory_mb() for entry in ready}
            with self._changed:
                self._keep_to_budget(ready, memory_mb)

    def _stop_unused(self) -> None:
        unused_since = time.monotonic() - self._options.idle_s
        for entry in list(self._entries.values()):
            if _is_idle(entry) and entry.engine.used_at < unused_since:
                self._drop(entry)

    def _keep_to_budget(self, ready: list[_Entry], memory_mb: dict[int, float]) -> None:
        total_mb = sum(memory_mb.values())
        # The one used last stays whatever it takes: stopping it would only have it started again.
        by_use = sorted(ready, key=lambda entry: entry.engine.used_at)
        for entry in by_use[:-1]:
            if total_mb <= self._options.memory_mb:
                return
            if _is_idle(entry) and self._is_kept(entry):
                self._drop(entry)
                total_mb -= memory_mb[id(entry)]


def _key(version: ModelVersion) -> tuple[str, str, int]:
    # A model that is deleted and registered again counts its versions from 1 again.
    return version.name, str(version.version), version.creation_timestamp


def _is_idle(entry: _Entry) -> bool:
    """Return whether an engine has ended its start and answers nobody."""
    engine = entry.engine
    return engine.leases == 0 and (engine.ready or engine.error is not None)
