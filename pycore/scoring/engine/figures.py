"""What a host counts: requests by how they ended, how long they took, and how they were batched."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

#: Upper ends, in seconds: from R's predict for one row to the usual time limit.
LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: Upper ends, in requests.
_BATCH_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class Histogram:
    """Values counted by the smallest bound that holds them.

    Parameters
    ----------
    bounds : tuple of float
        Upper ends, rising; one more without end follows.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add(self, counts: Sequence[int], total: float) -> None:
        """Count values that were counted elsewhere.

        Parameters
        ----------
        counts : sequence of int
            By bounds, from the first on.
        total : float
            Their sum.
        """
        for at, count in enumerate(counts):
            self._counts[at] += count
        self._sum += total

    def to_plain(self) -> dict[str, Any]:
        """Return bounds, counts (one more than bounds) and the sum of all values."""
        return {"bounds": self._bounds, "counts": self._counts, "sum": self._sum}


class Figures:
    """The counts of one host since it started."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._seconds = Histogram(LATENCY_BOUNDS)
        self._batches = Histogram(_BATCH_BOUNDS)

    @property
    def total(self) -> int:
        """Requests answered, however they ended."""
        return self._requests.total()

    def answered(self, outcome: str, seconds: float) -> None:
        """Count a request that was answered.

        Parameters
        ----------
        outcome : str
            "ok" or an error code.
        seconds : float
            From its arrival here.
        """
        self._requests[outcome] += 1
        self._seconds.observe(seconds)

    def dispatched(self, requests: int) -> None:
        """Count a batch that was given to a worker."""
        self._batches.observe(requests)

    def answered_by_worker(self, counts: Sequence[int], seconds: float) -> None:
        """Count requests that a worker took from their caller itself and that ended well.

        Parameters
        ----------
        counts : sequence of int
            By `LATENCY_BOUNDS`.
        seconds : float
            All of them took.
        """
        total = sum(counts)
        if not total:
            return
        self._requests["ok"] += total
        self._seconds.add(counts, seconds)
        self._batches.add([total], total)

    def to_plain(self) -> dict[str, Any]:
        """Return all counts in types that JSON has."""
        return {
            "requests": dict(self._requests),
            "seconds": self._seconds.to_plain(),
            "batches": self._batches.to_plain(),
        }
