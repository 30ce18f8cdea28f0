"""Logged models as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import DatasetFilter, LoggedModel, LoggedModelOrder, LoggedModelStatus
from pycore.errors import InvalidInput
from pycore.wire import metrics, tags
from pycore.wire.encoding import JsonObject, without_absent
from pycore.wire.request import Arguments

#: What stands before the name of a state on the wire.
STATUS_PREFIX = "LOGGED_MODEL_"


def to_json(model: LoggedModel) -> JsonObject:
    """Return a logged model as JSON."""
    info = {
        "model_id": model.model_id,
        "experiment_id": model.experiment_id,
        "name": model.name,
        "creation_timestamp_ms": model.creation_timestamp,
        "last_updated_timestamp_ms": model.last_updated_timestamp,
        "artifact_uri": model.artifact_location,
        "status": status_to_json(model.status),
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "tags": tags.mapping_to_json(model.tags),
    }
    data = {
        "params": tags.mapping_to_json(model.params),
        "metrics": [
            without_absent({**metrics.to_json(point), "run_id": point.run_id}) for point in model.metrics
        ],
    }
    return {"info": without_absent(info), "data": without_absent(data)}


def from_json(fields: Mapping[str, Any]) -> LoggedModel:
    """Return the logged model of a reply."""
    info, data = fields["info"], fields.get("data", {})
    return LoggedModel(
        model_id=info["model_id"],
        experiment_id=info["experiment_id"],
        name=info.get("name", ""),
        artifact_location=info.get("artifact_uri", ""),
        creation_timestamp=int(info.get("creation_timestamp_ms", 0)),
        last_updated_timestamp=int(info.get("last_updated_timestamp_ms", 0)),
        status=LoggedModelStatus[info["status"].removeprefix(STATUS_PREFIX)],
        model_type=info.get("model_type", ""),
        source_run_id=info.get("source_run_id", ""),
        tags=tags.mapping_from_json(info.get("tags")),
        params=tags.mapping_from_json(data.get("params")),
        metrics=tuple(metrics.from_json(point) for point in data.get("metrics", ())),
    )


def status_to_json(status: LoggedModelStatus) -> str:
    """Return the name of a state on the wire."""
    return f"{STATUS_PREFIX}{status.protocol_name}"


def status_from_arguments(arguments: Arguments) -> LoggedModelStatus:
    """Return the state of a request: its name on the wire, or its number."""
    given = arguments.identifier("status")
    for status in LoggedModelStatus:
        if given.upper() in (status_to_json(status), str(status.to_int())):
            return status
    known = ", ".join(status_to_json(status) for status in LoggedModelStatus)
    raise InvalidInput(f"Invalid value for parameter 'status': expected one of {known}, got {given!r}.")


def dataset_from_arguments(arguments: Arguments) -> DatasetFilter:
    """Return one of the datasets a search is about."""
    return DatasetFilter(arguments.text("dataset_name"), arguments.text("dataset_digest", None) or None)


def order_to_json(order: LoggedModelOrder) -> JsonObject:
    """Return a field of an order as JSON."""
    dataset = {} if order.dataset is None else dict(order.dataset)
    return without_absent({"field_name": order.field_name, "ascending": order.ascending, **dataset})


def order_from_arguments(arguments: Arguments) -> LoggedModelOrder:
    """Return a field of the order of a search."""
    has_dataset = arguments.text("dataset_name", None) or arguments.text("dataset_digest", None)
    return LoggedModelOrder(
        arguments.text("field_name"),
        arguments.truth("ascending", True),
        dataset_from_arguments(arguments) if has_dataset else None,
    )
