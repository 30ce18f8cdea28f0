"""What can be asked about the points of metrics."""

from __future__ import annotations

from typing import Protocol

from pycore.entities import Metric, PagedList


class Metrics(Protocol):
    """The history of metrics; `Runs` writes it."""

    def get_history(
        self,
        run_id: str,
        key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Metric]:
        """Return the points of a key, by time, step and value.

        An unknown run or key has no points. All of them when `max_results` is None.
        """
        ...
