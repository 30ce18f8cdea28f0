"""The rules of reading metrics."""

from __future__ import annotations

from pycore import search, store
from pycore.entities import Metric, PagedList
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
