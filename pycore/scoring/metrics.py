"""A host's state as Prometheus reads it.

The host is one process and has all the figures. They need none of the library's counters, which are kept
per process, but only its way to write figures down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import Metric


def render_metrics(state: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the figures of a host for a scrape, and their content type.

    Parameters
    ----------
    state : mapping
        From `pycore.scoring.engine.client.EngineClient.state`.
    """
    # Not before the first scrape: most servers are started, and many used, without any.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_State(state))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _State:
    """What the registry of a scrape is asked for."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """Give all metrics."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        state, figures = self._state, self._state["figures"]
        requests = CounterMetricFamily(
            "crateflow_requests", "Requests that reached the model, by how they ended.", labels=["outcome"]
        )
        for outcome, count in figures["requests"].items():
            requests.add_metric([outcome], count)
        yield requests
        yield _histogram(
            "request_seconds", "Time from a request's arrival to its answer.", figures["seconds"]
        )
        yield _histogram("batch_requests", "Requests that were scored by one call.", figures["batches"])
        for name, meaning, value in (
            ("queue_requests", "Requests that wait for a worker.", state["queued"]),
            ("running_requests", "Requests that workers have.", state["running"]),
            ("workers_ready", "Workers that can score.", state["ready"]),
        ):
            yield GaugeMetricFamily(f"crateflow_{name}", meaning, value)
        yield CounterMetricFamily("crateflow_workers_started", "Workers started.", state["workers_started"])
        yield CounterMetricFamily("crateflow_worker_restarts", "Workers that ended.", state["restarts"])
        memory = GaugeMetricFamily(
            "crateflow_worker_memory_bytes", "A worker's share of memory (PSS).", labels=["worker"]
        )
        for pid in state["workers"]:
            memory.add_metric([str(pid)], _memory_bytes(pid))
        yield memory


def _histogram(name: str, meaning: str, histogram: Mapping[str, Any]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    bounds = [*map(str, histogram["bounds"]), "+Inf"]
    totals = accumulate(histogram["counts"])
    buckets = list(zip(bounds, totals, strict=True))
    return HistogramMetricFamily(f"crateflow_{name}", meaning, buckets, histogram["sum"])


def _memory_bytes(pid: int) -> int:
    """Return a process's share of memory, what it has in common with others divided among them; 0 if gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
