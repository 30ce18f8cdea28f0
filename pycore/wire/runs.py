"""Runs as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import LifecycleStage, Run, RunData, RunInfo, RunStatus
from pycore.wire import metrics, run_inputs, tags
from pycore.wire.encoding import JsonObject


def to_json(run: Run) -> JsonObject:
    """Return a run as JSON."""
    return {
        "info": info_to_json(run.info),
        "data": _data_to_json(run.data),
        "inputs": run_inputs.inputs_to_json(run.inputs),
        "outputs": run_inputs.outputs_to_json(run.outputs),
    }


def from_json(fields: Mapping[str, Any]) -> Run:
    """Return the run of a reply."""
    data = fields.get("data", {})
    return Run(
        info=info_from_json(fields["info"]),
        data=RunData(
            metric_points=tuple(metrics.from_json(point) for point in data.get("metrics", ())),
            params=tags.mapping_from_json(data.get("params")),
            tags=tags.mapping_from_json(data.get("tags")),
        ),
        inputs=run_inputs.inputs_from_json(fields.get("inputs", {})),
        outputs=run_inputs.outputs_from_json(fields.get("outputs", {})),
    )


def info_to_json(info: RunInfo) -> JsonObject:
    """Return the row of a run as JSON; its id under both names, since R clients read the first one."""
    fields: JsonObject = {
        "run_uuid": info.run_id,
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "run_name": info.run_name,
        "user_id": info.user_id,
        "status": info.status,
        "artifact_uri": info.artifact_uri,
        "lifecycle_stage": info.lifecycle_stage,
    }
    if info.start_time is not None:
        fields["start_time"] = info.start_time
    if info.end_time is not None:
        fields["end_time"] = info.end_time
    return fields


def info_from_json(fields: Mapping[str, Any]) -> RunInfo:
    """Return the row of a run from a reply."""
    return RunInfo(
        run_id=fields.get("run_id") or fields["run_uuid"],
        experiment_id=fields["experiment_id"],
        run_name=fields.get("run_name", ""),
        user_id=fields.get("user_id", ""),
        status=fields.get("status", RunStatus.RUNNING.name),
        start_time=_time(fields.get("start_time")),
        end_time=_time(fields.get("end_time")),
        artifact_uri=fields.get("artifact_uri", ""),
        lifecycle_stage=fields.get("lifecycle_stage", LifecycleStage.ACTIVE),
    )


def _data_to_json(data: RunData) -> JsonObject:
    fields: JsonObject = {}
    if data.metric_points:
        fields["metrics"] = [metrics.to_json(point) for point in data.metric_points]
    if data.params:
        fields["params"] = tags.mapping_to_json(data.params)
    if data.tags:
        fields["tags"] = tags.mapping_to_json(data.tags)
    return fields


def _time(value: Any) -> int | None:
    return None if value is None else int(value)
