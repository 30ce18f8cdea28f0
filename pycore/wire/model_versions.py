"""Model versions as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import ModelVersion, Stage, VersionNumber
from pycore.wire import tags
from pycore.wire.encoding import JsonObject, without_absent


def to_json(version: ModelVersion) -> JsonObject:
    """Return a model version as JSON."""
    return without_absent(
        {
            "name": version.name,
            "version": str(version.version),
            "creation_timestamp": version.creation_timestamp,
            "last_updated_timestamp": version.last_updated_timestamp,
            "current_stage": version.current_stage,
            "description": version.description,
            "source": version.source,
            "run_id": version.run_id,
            "status": version.status,
            "run_link": version.run_link,
            "tags": tags.mapping_to_json(version.tags),
            "aliases": list(version.aliases),
            "user_id": version.user_id or None,
            "model_id": version.model_id or None,
            "status_message": version.status_message or None,
        }
    )


def from_json(fields: Mapping[str, Any]) -> ModelVersion:
    """Return the model version of a reply."""
    return ModelVersion(
        name=fields["name"],
        version=VersionNumber(fields["version"]),
        source=fields.get("source", ""),
        creation_timestamp=int(fields.get("creation_timestamp", 0)),
        last_updated_timestamp=int(fields.get("last_updated_timestamp", 0)),
        current_stage=fields.get("current_stage", Stage.NONE),
        description=fields.get("description"),
        run_id=fields.get("run_id", ""),
        run_link=fields.get("run_link", ""),
        status=fields.get("status", "READY"),
        status_message=fields.get("status_message", ""),
        user_id=fields.get("user_id", ""),
        model_id=fields.get("model_id", ""),
        tags=tags.mapping_from_json(fields.get("tags")),
        aliases=tuple(fields.get("aliases", ())),
    )
