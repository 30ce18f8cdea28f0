"""Registered models as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import RegisteredModel, VersionNumber
from pycore.wire import model_versions, tags
from pycore.wire.encoding import JsonObject, without_absent


def to_json(model: RegisteredModel) -> JsonObject:
    """Return a registered model as JSON."""
    return without_absent(
        {
            "name": model.name,
            "creation_timestamp": model.creation_timestamp,
            "last_updated_timestamp": model.last_updated_timestamp,
            "description": model.description or None,
            "latest_versions": [model_versions.to_json(version) for version in model.latest_versions],
            "tags": tags.mapping_to_json(model.tags),
            "aliases": [
                {"alias": alias, "version": str(version)} for alias, version in model.aliases.items()
            ],
        }
    )


def from_json(fields: Mapping[str, Any]) -> RegisteredModel:
    """Return the registered model of a reply."""
    return RegisteredModel(
        name=fields["name"],
        creation_timestamp=int(fields.get("creation_timestamp", 0)),
        last_updated_timestamp=int(fields.get("last_updated_timestamp", 0)),
        description=fields.get("description"),
        latest_versions=tuple(model_versions.from_json(item) for item in fields.get("latest_versions", ())),
        tags=tags.mapping_from_json(fields.get("tags")),
        aliases={item["alias"]: VersionNumber(item["version"]) for item in fields.get("aliases", ())},
    )
