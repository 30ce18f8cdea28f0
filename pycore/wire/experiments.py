"""Experiments as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import Experiment, LifecycleStage
from pycore.wire import tags
from pycore.wire.encoding import JsonObject, without_absent


def to_json(experiment: Experiment) -> JsonObject:
    """Return an experiment as JSON."""
    return without_absent(
        {
            "experiment_id": experiment.experiment_id,
            "name": experiment.name,
            "artifact_location": experiment.artifact_location,
            "lifecycle_stage": experiment.lifecycle_stage,
            "last_update_time": experiment.last_update_time,
            "creation_time": experiment.creation_time,
            "tags": tags.mapping_to_json(experiment.tags),
        }
    )


def from_json(fields: Mapping[str, Any]) -> Experiment:
    """Return the experiment of a reply."""
    return Experiment(
        experiment_id=fields["experiment_id"],
        name=fields["name"],
        artifact_location=fields.get("artifact_location", ""),
        lifecycle_stage=fields.get("lifecycle_stage", LifecycleStage.ACTIVE),
        tags=tags.mapping_from_json(fields.get("tags")),
        creation_time=int(fields.get("creation_time", 0)),
        last_update_time=int(fields.get("last_update_time", 0)),
    )
