"""What a worker notes down of the requests it takes from a caller itself, in memory that its host reads."""

from __future__ import annotations

import mmap
import os
from bisect import bisect_left
from collections.abc import Sequence
from enum import IntEnum

from pycore.scoring.engine.figures import LATENCY_BOUNDS

#: Where things are, in units of eight bytes: what the worker does, since when, how long all requests that
#: ended well took, and how many of them took how long.
_PHASE, _SINCE, _SECONDS, _COUNTS = range(4)
_N_COUNTS = len(LATENCY_BOUNDS) + 1
_BYTES = 8 * (_COUNTS + _N_COUNTS)


class Phase(IntEnum):
    """What a worker does with the connection it has borrowed."""

    WAITING = 0
    #: The request is still on the connection as well.
    SCORING = 1
    #: Some of the answer may have been sent, or the request been taken away.
    ANSWERING = 2


def new_notes() -> int:
    """Return the file number of memory for notes, empty."""
    file = os.memfd_create("crateflow-loan", os.MFD_CLOEXEC)
    os.ftruncate(file, _BYTES)
    return file


class LoanNotes:
    """The notes of one loan; the worker writes them and the host reads them.

    Parameters
    ----------
    file : int
        From `new_notes`; not needed any more afterwards.
    """

    def __init__(self, file: int) -> None:
        # Both views end with the memory they are of, when nobody has these notes any more.
        memory = memoryview(mmap.mmap(file, _BYTES))
        self._integers, self._numbers = memory.cast("q"), memory.cast("d")

    def begin(self, now: float) -> None:
        """Note that a request is being scored.

        Parameters
        ----------
        now : float
            On the monotonic clock, which all processes share.
        """
        self._numbers[_SINCE] = now
        self._integers[_PHASE] = Phase.SCORING

    def begin_answer(self, seconds: float | None) -> None:
        """Note that the answer is being sent.

        Parameters
        ----------
        seconds : float, optional
            How long the request took, where it is to be counted as one that ended well.
        """
        self._integers[_PHASE] = Phase.ANSWERING
        if seconds is not None:
            self._integers[_COUNTS + bisect_left(LATENCY_BOUNDS, seconds)] += 1
            self._numbers[_SECONDS] += seconds

    def end(self) -> None:
        """Note that nothing is being done."""
        self._integers[_PHASE] = Phase.WAITING

    @property
    def phase(self) -> Phase:
        """What the worker is doing."""
        return Phase(self._integers[_PHASE])

    @property
    def since(self) -> float:
        """When the latest request came, on the monotonic clock."""
        return self._numbers[_SINCE]

    @property
    def seconds(self) -> float:
        """How long all requests that ended well took together."""
        return self._numbers[_SECONDS]

    @property
    def counts(self) -> Sequence[int]:
        """How many requests that ended well took how long, by `LATENCY_BOUNDS`."""
        return self._integers[_COUNTS : _COUNTS + _N_COUNTS].tolist()
