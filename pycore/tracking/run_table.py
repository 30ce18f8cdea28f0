"""Runs as a table: a row per run, a column per metric, parameter and tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, TypeAlias

from pycore.entities import Run

Columns: TypeAlias = dict[str, list[Any]]

TIMES = ("start_time", "end_time")
_INFO = ("run_id", "experiment_id", "status", "artifact_uri")


def columns(runs: Sequence[Run]) -> Columns:
    """Return the columns by name, in order.

    run_id, experiment_id, status, artifact_uri, start_time and end_time (UTC), then ``metrics.<key>``
    (NaN where a run has none), ``params.<key>`` and ``tags.<key>`` (None where a run has none).
    """
    found: Columns = {name: [getattr(run.info, name) for run in runs] for name in _INFO}
    found |= {name: [_time(getattr(run.info, name)) for run in runs] for name in TIMES}
    for kind, missing in (("metrics", math.nan), ("params", None), ("tags", None)):
        logged = [getattr(run.data, kind) for run in runs]
        for key in dict.fromkeys(key for values in logged for key in values):
            found[f"{kind}.{key}"] = [values.get(key, missing) for values in logged]
    return found


def _time(time_ms: int | None) -> datetime | None:
    return None if time_ms is None else datetime.fromtimestamp(time_ms / 1000, timezone.utc)
