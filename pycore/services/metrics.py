"""The rules of reading metrics."""

from __future__ import annotations

from collections.abc import Sequence

from pycore import search, store
from pycore.entities import Metric, PagedList
from pycore.errors import InvalidInput
from pycore.services import limits
from pycore.store import metrics as rows


class MetricService:
    """Histories of metrics in a database; see `pycore.protocols.Metrics`."""

    def __init__(self, database: store.Database) -> None:
        self._database = database

    def get_history(
        self, run_id: str, key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        """Return the points of a key, by time, step and value."""
        if max_results is not None:
            limits.check_max_results(max_results)
        scope = ("metric history", run_id, key)
        position = search.read_token(page_token, scope)
        with self._database.reading() as connection:
            points, end = rows.get_history(connection, run_id, key, position, max_results)
        return PagedList(points, search.write_token(end, scope) if end else None)

    def get_interval(
        self,
        run_ids: Sequence[str],
        key: str,
        start_step: int | None = None,
        end_step: int | None = None,
        max_results: int = limits.INTERVAL_POINTS,
    ) -> list[Metric]:
        """Return points of a key of several runs, few enough to draw."""
        limits.check_max_results(max_results, limits.INTERVAL_POINTS)
        run_ids = list(dict.fromkeys(run_ids))
        if not 0 < len(run_ids) <= limits.INTERVAL_RUNS:
            raise InvalidInput(f"Expected 1 to {limits.INTERVAL_RUNS} run ids, got {len(run_ids)}.")
        first, last = _interval(start_step, end_step)
        with self._database.reading() as connection:
            steps = rows.get_steps(connection, run_ids, key, first, last)
            wanted = _sampled(sorted({*(step for of_run in steps.values() for step in of_run)}), max_results)
            for of_run in steps.values():
                wanted |= {of_run[0], of_run[-1]}
            return [
                point
                for run_id in run_ids
                if run_id in steps
                for point in rows.get_points_at(connection, run_id, key, sorted(wanted & {*steps[run_id]}))
            ]


def _interval(start_step: int | None, end_step: int | None) -> tuple[int, int]:
    if start_step is None and end_step is None:
        return 0, limits.INT64[-1]
    if start_step is None or end_step is None:
        raise InvalidInput("Give start_step and end_step both, or neither.")
    limits.check_int64(start_step, "start_step")
    limits.check_int64(end_step, "end_step")
    if start_step > end_step:
        raise InvalidInput(f"start_step {start_step} must not be greater than end_step {end_step}.")
    return start_step, end_step


def _sampled(steps: Sequence[int], count: int) -> set[int]:
    """Return every n-th step and the last, so that about `count` remain."""
    if len(steps) <= count:
        return set(steps)
    interval = len(steps) / count
    return {steps[int(index * interval)] for index in range(count)} | {steps[-1]}
