"""Logging in the background: one queue and one thread per process, started when first needed.

What is queued is written in its order. The thread takes all that waits for the same run at once, so a
training loop that logs every step costs few requests; the queue is bounded, so a loop that logs faster
than the server writes is slowed down instead of filling the memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from queue import Empty, Queue

from pycore import config
from pycore.entities import Metric, Param, RunTag
from pycore.errors import DeadlineExceeded
from pycore.models.arguments import checked
from pycore.protocols import Runs
from pycore.tracking import batches

_MAX_WAITING = 10_000
_MAX_TAKEN = 1_000


@dataclass(eq=False)
class PendingWrite:
    """Something that will be written to a run; `wait` until it is."""

    runs: Runs
    run_id: str
    metrics: Sequence[Metric] = ()
    params: Sequence[Param] = ()
    tags: Sequence[RunTag] = ()
    _done: threading.Event = field(default_factory=threading.Event)
    _error: Exception | None = None
    #: Somebody has been told of the error.
    reported: bool = False

    def wait(self, timeout_s: float | None = None) -> None:
        """Return when it is written, or raise the error that writing it met.

        Raises
        ------
        DeadlineExceeded
            It was not written within `timeout_s`; it still may be.
        """
        if not self._done.wait(timeout_s):
            raise DeadlineExceeded(f"Nothing of {self.run_id} was written within {timeout_s} s; wait longer.")
        if self._error is not None:
            self.reported = True
            raise self._error

    def finish(self, error: Exception | None = None) -> None:
        """Say that it is written, or why it is not."""
        self._error = error
        self._done.set()

    @property
    def failed(self) -> bool:
        """Whether writing it failed."""
        return self._error is not None


class _Background:
    """The queue of one process, and its thread."""

    def __init__(self) -> None:
        self._queue: Queue[PendingWrite] = Queue(_MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed: list[PendingWrite] = []

    def put(self, write: PendingWrite) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="crateflow-logging", daemon=True)
                self._thread.start()
        self._queue.put(write)

    def flush(self) -> None:
        self._queue.join()
        with self._lock:
            failed, self._failed = [write for write in self._failed if not write.reported], []
        if failed:
            failed[0].wait()

    def _run(self) -> None:
        while True:
            taken = self._take()
            for _, group in groupby(taken, key=lambda write: (id(write.runs), write.run_id)):
                failed = _write(list(group))
                with self._lock:
                    self._failed += failed
            for _ in taken:
                self._queue.task_done()

    def _take(self) -> list[PendingWrite]:
        taken = [self._queue.get()]
        while len(taken) < _MAX_TAKEN:
            try:
                taken.append(self._queue.get_nowait())
            except Empty:
                break
        return taken


_background = _Background()


def _renew() -> None:
    """Give a forked process a queue of its own: its parent's thread writes what its parent queued."""
    global _background  # one queue per process is what this module is
    _background = _Background()


os.register_at_fork(after_in_child=_renew)


def wanted(synchronous: bool | None) -> bool:
    """Return whether to log in the background: as the caller says, else as the setting does."""
    return config.ENABLE_ASYNC_LOGGING.get() if synchronous is None else not synchronous


def queue(write: PendingWrite) -> PendingWrite:
    """Have it written in the background, and return it."""
    _background.put(write)
    return write


def flush_async_logging() -> None:
    """Return when all that was logged in the background is written.

    Raises
    ------
    MlflowException
        The first error of a write that nobody has waited for.
    """
    _background.flush()


@checked
def enable_async_logging(enable: bool = True) -> None:
    """Log in the background, in this process and those it starts, wherever `synchronous` is not given."""
    os.environ[config.ENABLE_ASYNC_LOGGING.name] = "true" if enable else "false"


def _write(writes: list[PendingWrite]) -> list[PendingWrite]:
    """Write what waits for one run, and return what could not be written."""
    try:
        _log(writes)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits, whatever it is
        if len(writes) == 1:
            writes[0].finish(error)
            return writes
        # One that is refused must not take the others with it.
        return [failed for write in writes for failed in _write([write])]
    for write in writes:
        write.finish()
    return []


def _log(writes: list[PendingWrite]) -> None:
    for batch in _batches(writes):
        writes[0].runs.log_batch(writes[0].run_id, *batch)


def _batches(writes: list[PendingWrite]) -> Iterator[batches.Batch]:
    return batches.split(
        [metric for write in writes for metric in write.metrics],
        [param for write in writes for param in write.params],
        [tag for write in writes for tag in write.tags],
    )
