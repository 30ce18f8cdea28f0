"""The requests that wait for a worker: in order, bounded, taken in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pycore.errors import Unavailable
from pycore.scoring.engine.connection import Connection


@dataclass(eq=False)
class Request:
    """One request on its way through a host.

    Parameters
    ----------
    id : str
        Unique among all requests of the host.
    frame : bytes
        What the caller sent, passed on to a worker as it is.
    caller : Connection
        Whom to answer.
    arrived, deadline : float
        On the monotonic clock.
    rows : int
    batch_key : str or None
        Requests of the same key may be scored together; None is always scored alone.
    is_in_memory : bool
        Its rows are not in the frame: see `pycore.scoring.engine.caller_memory`.
    deaths : int
        Workers that died while they had it.
    alone : bool
        It was in a batch that went wrong, and must not be in another.
    """

    id: str
    frame: bytes
    caller: Connection
    arrived: float
    deadline: float
    rows: int
    batch_key: str | None
    is_in_memory: bool = False
    deaths: int = 0
    alone: bool = False


class RequestQueue:
    """Waiting requests, oldest first.

    Parameters
    ----------
    limit : int
        How many may wait.
    batch_rows : int
        Rows of a batch; a single request may have more.
    """

    def __init__(self, limit: int, batch_rows: int) -> None:
        self._limit = limit
        self._batch_rows = batch_rows
        self._waiting: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: Request) -> None:
        """Put a new request at the end.

        Raises
        ------
        Unavailable
            As many as allowed are waiting.
        """
        if len(self._waiting) >= self._limit:
            raise Unavailable(
                f"The model is busy: {len(self._waiting)} requests are waiting; try again later."
            )
        self._waiting.append(request)

    def put_back(self, requests: list[Request]) -> None:
        """Put requests whose worker was lost at the front; they count from when they came."""
        self._waiting.extendleft(reversed(requests))

    def take(self) -> list[Request]:
        """Take the oldest request and all others that may be scored together with it; maybe none."""
        if not self._waiting:
            return []
        first = self._waiting.popleft()
        batch = [first]
        if first.batch_key is None or first.alone:
            return batch
        rows = first.rows
        passed_over: list[Request] = []
        while self._waiting:
            request = self._waiting.popleft()
            if (
                request.batch_key != first.batch_key
                or request.alone
                or rows + request.rows > self._batch_rows
            ):
                passed_over.append(request)
            else:
                batch.append(request)
                rows += request.rows
        self._waiting.extend(passed_over)
        return batch

    def remove(self, unwanted: Callable[[Request], bool]) -> list[Request]:
        """Take out the requests for which a function is true."""
        removed: list[Request] = []
        kept: deque[Request] = deque()
        for request in self._waiting:
            (removed if unwanted(request) else kept).append(request)
        self._waiting = kept
        return removed

    def next_deadline(self) -> float | None:
        """Return when the first waiting request runs out of time, None if none waits."""
        return min((request.deadline for request in self._waiting), default=None)
