"""Cutting what is logged at once into requests of legal size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycore.entities import Metric, Param, RunTag

#: Of one log-batch request (MLflow REST protocol, runs/log-batch).
MAX_ITEMS = 1000
MAX_PARAMS = 100
MAX_TAGS = 100

Batch = tuple[Sequence[Metric], Sequence[Param], Sequence[RunTag]]


def split(metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]) -> Iterator[Batch]:
    """Yield the items in their order, as few requests as possible; none for nothing."""
    while metrics or params or tags:
        n_metrics = MAX_ITEMS - min(len(params), MAX_PARAMS) - min(len(tags), MAX_TAGS)
        yield metrics[:n_metrics], params[:MAX_PARAMS], tags[:MAX_TAGS]
        metrics, params, tags = metrics[n_metrics:], params[MAX_PARAMS:], tags[MAX_TAGS:]
