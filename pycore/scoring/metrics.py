"""A host's state as text for Prometheus.

References
----------
Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics(state: Mapping[str, Any]) -> bytes:
    """Return the figures of `pycore.scoring.engine.client.EngineClient.state` for a scrape."""
    figures = state["figures"]
    lines = [
        *_described("requests_total", "counter", "Requests that reached the model, by how they ended."),
        *(
            f'crateflow_requests_total{{outcome="{outcome}"}} {count}'
            for outcome, count in figures["requests"].items()
        ),
        *_histogram("request_seconds", "Time from a request's arrival to its answer.", figures["seconds"]),
        *_histogram("batch_requests", "Requests that were scored by one call.", figures["batches"]),
        *_single("queue_requests", "gauge", "Requests that wait for a worker.", state["queued"]),
        *_single("running_requests", "gauge", "Requests that workers have.", state["running"]),
        *_single("workers_ready", "gauge", "Workers that can score.", state["ready"]),
        *_single("workers_started_total", "counter", "Workers started.", state["workers_started"]),
        *_single("worker_restarts_total", "counter", "Workers that ended.", state["restarts"]),
        *_described("worker_memory_bytes", "gauge", "A worker's share of memory (PSS)."),
        *(
            f'crateflow_worker_memory_bytes{{worker="{pid}"}} {_memory_bytes(pid)}'
            for pid in state["workers"]
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def _described(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP crateflow_{name} {meaning}", f"# TYPE crateflow_{name} {kind}"]


def _single(name: str, kind: str, meaning: str, value: int) -> list[str]:
    return [*_described(name, kind, meaning), f"crateflow_{name} {value}"]


def _histogram(name: str, meaning: str, histogram: Mapping[str, Any]) -> list[str]:
    totals = list(accumulate(histogram["counts"]))
    bounds = [*map(str, histogram["bounds"]), "+Inf"]
    return [
        *_described(name, "histogram", meaning),
        *(
            f'crateflow_{name}_bucket{{le="{bound}"}} {total}'
            for bound, total in zip(bounds, totals, strict=True)
        ),
        f"crateflow_{name}_sum {histogram['sum']}",
        f"crateflow_{name}_count {totals[-1]}",
    ]


def _memory_bytes(pid: int) -> int:
    """Return a process's share of memory, what it has in common with others divided among them; 0 if gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
