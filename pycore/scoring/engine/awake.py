"""Being awake when something comes: to be woken takes longer than much of what a request needs.

A processor that has nothing to do is switched off, and takes its time to be switched on again. Whoever knows
when the next message is due sleeps until shortly before, and then looks for it again and again, letting
others have the processor who need it.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from time import monotonic

from pycore.processors import usable_processors

#: How much sooner than usual something may come, so that it finds somebody awake, and how much later.
_SOONER_S, _LATER_S = 0.0003, 0.001
#: Of a longer wait, what it takes to be woken is no part to speak of.
_LONGEST_S = 0.005
#: A usual wait is the shortest of late: that counts for less with each that was longer.
_FORGETTING = 1.05
#: Of files with higher numbers the system does not tell within less than a millisecond.
_MOST_FILES = 1024


class Expectation:
    """When the next message is due, by how long the ones before it took.

    Parameters
    ----------
    files : sequence of int
        What messages come on.
    may_be_awake : callable, optional
        Asked again and again while awake; always, if left out.
    """

    def __init__(self, files: Sequence[int], may_be_awake: Callable[[], bool] = lambda: True) -> None:
        self._files = files
        self._may_be_awake = may_be_awake
        self._is_possible = max(files) < _MOST_FILES and _several_processors()
        self._usual_s: float | None = None

    def wait(self) -> None:
        """Return when there is a message; sooner, if none is due in a moment: it is time to fall asleep."""
        usual_s = self._usual_s
        if usual_s is None or usual_s > _LONGEST_S or not (self._is_possible and self._may_be_awake()):
            return
        until = monotonic() + usual_s + _LATER_S
        if usual_s > 2 * _SOONER_S and self._is_there(usual_s - _SOONER_S):
            return
        while not self._is_there(0) and monotonic() < until and self._may_be_awake():
            os.sched_yield()

    def came(self, waited_s: float) -> None:
        """Note that a message has come, after so many seconds."""
        self._usual_s = waited_s if self._usual_s is None else min(waited_s, _FORGETTING * self._usual_s)

    def forget(self) -> None:
        """Expect nothing of the next message."""
        self._usual_s = None

    def _is_there(self, within_s: float) -> bool:
        return bool(select.select(self._files, (), (), within_s)[0])


class Asking:
    """Counts the threads of a process that wait for an answer.

    One that is awake keeps Python's lock from those that have work: only one that is alone may be.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count this thread while the block lasts."""
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1

    def is_alone(self) -> bool:
        """Return whether no more than one thread waits."""
        return self._count <= 1


@cache
def _several_processors() -> bool:
    # Whoever is awake on the only one keeps everybody else from it.
    return usable_processors() > 1
