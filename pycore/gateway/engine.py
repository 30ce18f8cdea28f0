"""The engine of one model version: fetched, started, lent to callers, stopped."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pycore.errors import MlflowException, ModelError, Unavailable
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost

_KB_PER_MB = 1024


class Engine:
    """A model host with its own copy of the model's files; `start` returns at once.

    The pool that made it guards `leases` and `used_at` by its lock.

    Parameters
    ----------
    fetch : callable
        Copies the model's files below a folder and returns the model's own folder.
    prepare : callable
        Installs what that model needs, and returns the environment variables it needs for that.
    options : EngineOptions
        All but the path and those variables.
    on_started : callable
        Called from another thread when the engine is ready or has failed.

    Attributes
    ----------
    leases : int
        Requests that use it now.
    used_at : float
        Monotonic time of its last use.
    ready : bool
    error : MlflowException or None
        Why it did not start.
    """

    def __init__(
        self,
        fetch: Callable[[Path], Path],
        prepare: Callable[[Path], Mapping[str, str]],
        options: EngineOptions,
        on_started: Callable[[], None],
    ) -> None:
        self.leases = 0
        self.used_at = time.monotonic()
        self.ready = False
        self.error: MlflowException | None = None
        self._fetch = fetch
        self._prepare = prepare
        self._options = options
        self._on_started = on_started
        self._host: ModelHost | None = None
        self._told_to_stop = threading.Event()
        # The kernel ends a host together with the thread that started it: this one lives as long.
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Fetch the model and start its host, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End the host, in the background; what it has accepted is answered, a start is given up."""
        self._told_to_stop.set()
        if not self.ready and self._host is not None:
            self._host.stop()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left."""
        return not self._thread.is_alive()

    @property
    def timeout_s(self) -> float:
        """The time limit of a request."""
        return self._options.timeout_s

    @property
    def host(self) -> ModelHost:
        """The host of an engine that is ready."""
        assert self._host is not None, "only an engine that is ready is lent"
        return self._host

    def memory_mb(self) -> float:
        """Return the memory of its processes, in which shared pages count by their share."""
        try:
            client = EngineClient(self.host.address, self._options.timeout_s)
            try:
                workers = client.state()["workers"]
            finally:
                client.close()
        except MlflowException:
            workers = []  # The host is being started anew; the next look finds it.
        pids = [self.host.pid, *workers]
        return sum(_pss_kb(pid) for pid in pids if pid is not None) / _KB_PER_MB

    def _run(self) -> None:
        with tempfile.TemporaryDirectory(prefix="crateflow-", ignore_cleanup_errors=True) as folder:
            try:
                self._start_host(Path(folder))
            except MlflowException as error:
                self.error = error
            except OSError as error:
                self.error = Unavailable(f"The model's files cannot be fetched: {error.strerror}.")
            except Exception as error:  # noqa: BLE001 - a foreign store's error: to those who wait for the model
                self.error = ModelError(f"The model cannot be fetched: {type(error).__name__}: {error}")
            self._on_started()
            if self.ready:
                self._told_to_stop.wait()
                self.host.stop()

    def _start_host(self, folder: Path) -> None:
        path = self._fetch(folder)
        self._go_on()
        variables = self._prepare(path)
        self._go_on()
        self._host = ModelHost(replace(self._options, path=path, variables=variables))
        self._host.start()
        # Whoever waits for it uses it from now on; it must not seem idle since it was asked for.
        self.used_at = time.monotonic()
        self.ready = True

    def _go_on(self) -> None:
        if self._told_to_stop.is_set():
            raise Unavailable("The gateway is being stopped; try again later.")


def _pss_kb(pid: int) -> int:
    """Return a process's proportional share of memory, 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
