"""The worker processes of a host: started, watched, killed and replaced."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from pycore.scoring.engine.connection import Connection
from pycore.scoring.engine.loans import Loan
from pycore.scoring.engine.request_queue import Request

#: Starts a process that speaks on the given stream, and returns its id.
StartWorker: TypeAlias = Callable[[socket.socket], int]

#: A worker that fails to start is tried again after this long, twice as long each time, up to the other.
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


@dataclass(eq=False)
class Worker:
    """One process that scores.

    Parameters
    ----------
    pid : int
    connection : Connection
    pidfd : int
        Readable once the process has ended, even while something it started holds its stream open.
    running : list of Request
        What it has been given and has not answered.
    give_up_at : float, optional
        On the monotonic clock: when to kill it, while it has work.
    stopped_early : bool
        It was killed at `give_up_at`.
    served : int
        Requests answered.
    ready : bool
        It has loaded what it needs and has not been killed.
    loan : Loan, optional
        The caller whose requests it takes itself, and nobody else's.
    """

    pid: int
    connection: Connection
    pidfd: int
    running: list[Request] = field(default_factory=list)
    give_up_at: float | None = None
    stopped_early: bool = False
    served: int = 0
    ready: bool = False
    loan: Loan | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it would take a request at once."""
        return self.ready and not self.running and self.loan is None


class WorkerPool:
    """As many workers as wanted, each replaced when it ends.

    Parameters
    ----------
    size : int
    start : callable
    selector : BaseSelector
    on_frame : callable
        Called with a worker and what it sent.
    on_lost : callable
        Called with a worker that has ended and a text that says how.
    """

    def __init__(
        self,
        size: int,
        start: StartWorker,
        selector: selectors.BaseSelector,
        on_frame: Callable[[Worker, bytes], None],
        on_lost: Callable[[Worker, str], None],
    ) -> None:
        self._size = size
        self._start = start
        self._selector = selector
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._failed_starts = 0
        self._not_before = 0.0
        self.workers: list[Worker] = []
        self.started = 0

    def fill(self) -> None:
        """Start the workers that are missing, unless starting has just failed."""
        while len(self.workers) < self._size and time.monotonic() >= self._not_before:
            self._add()

    def next_start(self) -> float | None:
        """Return when `fill` has something to do, None if all workers are there."""
        return self._not_before if len(self.workers) < self._size else None

    def idle(self) -> Worker | None:
        """Return a worker that has nothing to do, None if all are busy."""
        return next((worker for worker in self.workers if worker.is_idle), None)

    def kill(self, worker: Worker) -> None:
        """End a worker at once, whatever it is doing: no call into R or C can be interrupted otherwise."""
        worker.ready = False
        os.kill(worker.pid, signal.SIGKILL)

    def is_healthy(self) -> bool:
        """Return whether a worker is ready, or is being replaced as it happens to the best."""
        return self._failed_starts == 0 or any(worker.ready for worker in self.workers)

    def close(self) -> None:
        """End all workers."""
        self._size = 0
        for worker in list(self.workers):
            self.kill(worker)
            self._reap(worker)

    def _add(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            pid = self._start(theirs)
        connection = Connection(
            ours,
            self._selector,
            on_frame=lambda _, frame: self._on_frame(worker, frame),
            # Its end is seen at the process; a stream closed by a living one is of no use.
            on_close=lambda _: self.kill(worker),
        )
        worker = Worker(pid, connection, os.pidfd_open(pid))
        self._selector.register(worker.pidfd, selectors.EVENT_READ, lambda _: self._on_exit(worker))
        self.workers.append(worker)
        self.started += 1

    def _on_exit(self, worker: Worker) -> None:
        while worker.connection.receive():
            pass  # Answers it gave before it died are good answers.
        how = self._reap(worker)
        if worker.served or worker.running:
            self._failed_starts = 0
        else:
            self._failed_starts += 1
        # The first failure may be chance; a worker killed from outside is replaced at once, too.
        if self._failed_starts > 1:
            pause = min(_FIRST_PAUSE_S * 2 ** (self._failed_starts - 2), _LONGEST_PAUSE_S)
            self._not_before = time.monotonic() + pause
        self._on_lost(worker, how)

    def _reap(self, worker: Worker) -> str:
        """Forget a worker that has ended or was killed, and return how it ended."""
        # What it has started itself, in its process group, ends with it.
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        _, status = os.waitpid(worker.pid, 0)
        self._selector.unregister(worker.pidfd)
        os.close(worker.pidfd)
        worker.connection.close()
        self.workers.remove(worker)
        if os.WIFSIGNALED(status):
            return f"signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
        return f"exit status {os.WEXITSTATUS(status)}"
