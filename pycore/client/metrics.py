"""The points of metrics of a server."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import Metric, PagedList
from pycore.wire import metrics
from pycore.wire.encoding import next_page_token


class Metrics:
    """`pycore.protocols.Metrics` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_history(
        self,
        run_id: str,
        key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Metric]:
        """Return the points of a key, by time, step and value."""
        query = {
            "run_id": run_id,
            "metric_key": key,
            "max_results": max_results,
            "page_token": page_token,
        }
        reply = self._transport.call("GET", "mlflow/metrics/get-history", query=query, idempotent=True)
        points = (metrics.from_json(item) for item in reply.get("metrics", ()))
        return PagedList(points, next_page_token(reply))

    def get_interval(
        self,
        run_ids: Sequence[str],
        key: str,
        start_step: int | None = None,
        end_step: int | None = None,
        max_results: int = 2500,
    ) -> list[Metric]:
        """Return points of a key of several runs, few enough to draw."""
        query = {
            "run_ids": list(run_ids),
            "metric_key": key,
            "start_step": start_step,
            "end_step": end_step,
            "max_results": max_results,
        }
        reply = self._transport.call(
            "GET", "mlflow/metrics/get-history-bulk-interval", query=query, idempotent=True
        )
        return [metrics.from_json(item) for item in reply.get("metrics", ())]
