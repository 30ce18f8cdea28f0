"""What can be asked about the points of metrics."""

from __future__ import annotations

from collections.abc import Sequence
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

    def get_interval(
        self,
        run_ids: Sequence[str],
        key: str,
        start_step: int | None = None,
        end_step: int | None = None,
        max_results: int = 2500,
    ) -> list[Metric]:
        """Return points of a key of 1 to 100 runs, few enough to draw.

        Runs come in the order given, the points of each by step, time and value. Of more than
        `max_results` distinct steps every n-th is taken, and besides the first and last step of each run
        and the last of all.

        Parameters
        ----------
        start_step, end_step : int, optional
            Both or neither; from step 0 on when absent.
        max_results : int
            Steps, 1 to 2500.
        """
        ...
