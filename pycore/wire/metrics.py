"""Points of metrics as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import Metric
from pycore.wire.encoding import JsonObject, number_to_json
from pycore.wire.request import Arguments

#: What a point was measured on besides its run.
_CONTEXT = ("model_id", "dataset_name", "dataset_digest")


def to_json(metric: Metric) -> JsonObject:
    """Return a point as JSON; also the fields of a request that logs it."""
    fields: JsonObject = {
        "key": metric.key,
        "value": number_to_json(metric.value),
        "timestamp": metric.timestamp,
        "step": metric.step,
    }
    # Most points have no context, and pages have thousands of points.
    if metric.model_id is not None or metric.dataset_name is not None or metric.dataset_digest is not None:
        fields |= {name: value for name in _CONTEXT if (value := getattr(metric, name)) is not None}
    return fields


def from_json(fields: Mapping[str, Any]) -> Metric:
    """Return the point of a reply."""
    # Each field by its name: a table of runs has a hundred thousand points.
    return Metric(
        key=fields["key"],
        value=float(fields["value"]),
        timestamp=int(fields.get("timestamp", 0)),
        step=int(fields.get("step", 0)),
        model_id=fields.get("model_id"),
        dataset_name=fields.get("dataset_name"),
        dataset_digest=fields.get("dataset_digest"),
        run_id=fields.get("run_id"),
    )


def from_arguments(arguments: Arguments) -> Metric:
    """Return the point of a request that logs it."""
    return Metric(
        key=arguments.text("key"),
        value=arguments.number("value"),
        timestamp=arguments.integer("timestamp"),
        step=arguments.integer("step", 0),
        model_id=arguments.text("model_id", None) or None,
        dataset_name=arguments.text("dataset_name", None) or None,
        dataset_digest=arguments.text("dataset_digest", None) or None,
    )
