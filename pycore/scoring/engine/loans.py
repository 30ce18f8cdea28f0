"""Connections of callers that a host has lent to its workers.

A caller that asks one request after the other, while nobody has to wait, is spared the way through the
host: the host hands its connection to a worker, which then reads the requests and answers them itself.
As soon as anybody has to wait the host wants the connection back, and requests go through its queue.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pycore.models.frames import encode
from pycore.scoring.engine.connection import Connection
from pycore.scoring.engine.figures import LATENCY_BOUNDS, Figures
from pycore.scoring.engine.loan_notes import LoanNotes, Phase, new_notes

if TYPE_CHECKING:
    from pycore.scoring.engine.worker_pool import Worker

#: Answers a caller must have had in a row before its connection is lent, and the longest pause between them.
_ANSWERS_IN_A_ROW = 8
_PAUSE_S = 0.1
#: How long nothing is lent after somebody had to wait.
_HOLD_S = 1.0


@dataclass(eq=False)
class Loan:
    """A connection that a worker reads in place of its host.

    Parameters
    ----------
    caller : Connection
        Paused here.
    notes : LoanNotes
        What the worker tells.
    look_at : float
        On the monotonic clock: when to see whether a request takes too long.
    recalled : bool
        The worker has been asked to give it back.
    """

    caller: Connection
    notes: LoanNotes
    look_at: float
    recalled: bool = False
    _counted: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    _counted_s: float = 0.0

    def count(self, figures: Figures) -> int:
        """Add the requests answered since the last call to the figures, and return how many they were."""
        counts, seconds = self.notes.counts, self.notes.seconds
        new = [now - before for now, before in zip(counts, self._counted, strict=True)]
        figures.answered_by_worker(new, seconds - self._counted_s)
        self._counted, self._counted_s = list(counts), seconds
        return sum(new)

    def overdue(self, now: float, timeout_s: float) -> bool:
        """Return whether a request has taken too long; set when to look again."""
        if now < self.look_at:
            return False
        if self.notes.phase is Phase.WAITING:
            # A request that comes right after this look is due no sooner.
            self.look_at = now + timeout_s
        else:
            self.look_at = self.notes.since + timeout_s
        return self.look_at <= now


class QuickCallers:
    """Tells which callers would gain by a loan."""

    def __init__(self) -> None:
        self._in_a_row: dict[Connection, tuple[int, float]] = {}
        self._not_before = 0.0

    def answered(self, caller: Connection, arrived: float, now: float) -> bool:
        """Note an answer, and return whether the caller's connection is worth lending."""
        count, last = self._in_a_row.get(caller, (0, 0.0))
        count = count + 1 if arrived - last <= _PAUSE_S else 1
        self._in_a_row[caller] = (count, now)
        return count >= _ANSWERS_IN_A_ROW and now >= self._not_before

    def somebody_waits(self, now: float) -> None:
        """Note that there was no worker for a request."""
        self._in_a_row.clear()
        self._not_before = now + _HOLD_S

    def forget(self, caller: Connection) -> None:
        """Forget a caller that is gone, or whose connection was lent."""
        self._in_a_row.pop(caller, None)


class Lender:
    """Lends connections and takes them back.

    Parameters
    ----------
    figures : Figures
        Where requests count that workers have answered themselves.
    timeout_s : float
        The time limit of a request.
    """

    def __init__(self, figures: Figures, timeout_s: float) -> None:
        self._figures = figures
        self._timeout_s = timeout_s
        self._quick = QuickCallers()
        self._interrupted: dict[Connection, float] = {}

    def answered(self, caller: Connection, worker: Worker, arrived: float, now: float) -> bool:
        """Note an answer, and return whether its caller's connection is worth lending to the worker."""
        return (
            self._quick.answered(caller, arrived, now)
            and worker.is_idle
            and worker.connection.is_at_rest
            and caller.is_at_rest
        )

    def lend(self, caller: Connection, worker: Worker, requests: int, now: float) -> None:
        """Let a worker answer up to so many requests of a caller itself."""
        notes = new_notes()
        caller.pause()
        worker.loan = Loan(caller, LoanNotes(notes), look_at=now + self._timeout_s)
        files = [caller.fileno(), notes, *caller.files]
        try:
            worker.connection.send_with_files(encode({"lend": requests, "files": len(files)}), files)
        except OSError:
            self.end(worker)  # The worker is gone, as its process will tell.
        finally:
            os.close(notes)

    def count(self, workers: Iterable[Worker]) -> list[Loan]:
        """Count what workers have answered themselves until now, and return what is lent."""
        loans = []
        for worker in workers:
            if worker.loan is not None:
                worker.served += worker.loan.count(self._figures)
                loans.append(worker.loan)
        return loans

    def recall(self, workers: Iterable[Worker]) -> None:
        """Ask for all that is lent."""
        for worker in workers:
            if worker.loan is not None and not worker.loan.recalled:
                worker.loan.recalled = True
                worker.connection.send(encode({"recall": True}))

    def somebody_waits(self, workers: Iterable[Worker], now: float) -> None:
        """Ask for all that is lent, because there is no worker for a request."""
        self._quick.somebody_waits(now)
        self.recall(workers)

    def end(self, worker: Worker) -> Connection:
        """Have the host read again what a worker has given back, and return the caller's connection."""
        loan, worker.loan = worker.loan, None
        assert loan is not None, "a worker returns what it has"
        worker.served += loan.count(self._figures)
        self._quick.forget(loan.caller)
        loan.caller.resume()
        return loan.caller

    def end_of_dead(self, worker: Worker) -> Connection | None:
        """Take back what a worker had that has died; return a connection that is of no use any more."""
        notes = worker.loan.notes if worker.loan is not None else None
        if notes is None:
            return None
        caller = self.end(worker)
        if notes.phase is Phase.ANSWERING:
            return caller  # Nobody knows how much of the answer has been sent.
        if notes.phase is Phase.SCORING:
            self._interrupted[caller] = notes.since
        return None

    def interrupted_since(self, caller: Connection) -> float | None:
        """Return when a worker that died began with the request that is first on a connection; once."""
        return self._interrupted.pop(caller, None)

    def forget(self, caller: Connection) -> None:
        """Forget a caller that is gone."""
        self._quick.forget(caller)
        self._interrupted.pop(caller, None)
