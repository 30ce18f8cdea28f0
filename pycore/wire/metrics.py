"""Points of metrics as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import Metric
from pycore.wire.encoding import JsonObject, number_to_json
from pycore.wire.request import Arguments


def to_json(metric: Metric) -> JsonObject:
    """Return a point as JSON; also the fields of a request that logs it."""
    return {
        "key": metric.key,
        "value": number_to_json(metric.value),
        "timestamp": metric.timestamp,
        "step": metric.step,
    }


def from_json(fields: Mapping[str, Any]) -> Metric:
    """Return the point of a reply."""
    return Metric(
        key=fields["key"],
        value=float(fields["value"]),
        timestamp=int(fields.get("timestamp", 0)),
        step=int(fields.get("step", 0)),
    )


def from_arguments(arguments: Arguments) -> Metric:
    """Return the point of a request that logs it."""
    return Metric(
        key=arguments.text("key"),
        value=arguments.number("value"),
        timestamp=arguments.integer("timestamp"),
        step=arguments.integer("step", 0),
    )
