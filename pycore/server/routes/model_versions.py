"""Model versions over REST."""

from __future__ import annotations

from pycore.entities import ModelVersionTag
from pycore.protocols import Api
from pycore.wire import model_versions as wire
from pycore.wire.encoding import JsonObject, page_to_json
from pycore.wire.request import Arguments


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Add the next version of a registered model."""
    version = api.model_versions.create(
        arguments.text("name"),
        arguments.text("source"),
        arguments.text("run_id", None) or None,
        arguments.pairs("tags", ModelVersionTag),
        arguments.text("run_link", None),
        arguments.text("description", None),
        arguments.text("model_id", None) or None,
    )
    return {"model_version": wire.to_json(version)}


def get(api: Api, arguments: Arguments) -> JsonObject:
    """Return one version."""
    return {"model_version": wire.to_json(api.model_versions.get(*_name_and_version(arguments)))}


def update(api: Api, arguments: Arguments) -> JsonObject:
    """Replace the description; an absent one clears it."""
    version = api.model_versions.update(*_name_and_version(arguments), arguments.text("description", None))
    return {"model_version": wire.to_json(version)}


def delete(api: Api, arguments: Arguments) -> JsonObject:
    """Delete one version."""
    api.model_versions.delete(*_name_and_version(arguments))
    return {}


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return a page of versions."""
    page = api.model_versions.search(
        arguments.text("filter", ""),
        arguments.integer("max_results", 200_000),
        arguments.texts("order_by"),
        arguments.page_token(),
    )
    return page_to_json("model_versions", [wire.to_json(version) for version in page], page.token)


def get_download_uri(api: Api, arguments: Arguments) -> JsonObject:
    """Return where the files of a version lie."""
    return {"artifact_uri": api.model_versions.get_download_uri(*_name_and_version(arguments))}


def transition_stage(api: Api, arguments: Arguments) -> JsonObject:
    """Move a version to a stage."""
    version = api.model_versions.transition_stage(
        *_name_and_version(arguments),
        arguments.text("stage"),
        arguments.truth("archive_existing_versions", False),
    )
    return {"model_version": wire.to_json(version)}


def set_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Set or replace a tag."""
    api.model_versions.set_tag(*_name_and_version(arguments), arguments.pair(ModelVersionTag))
    return {}


def delete_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Remove a tag."""
    api.model_versions.delete_tag(*_name_and_version(arguments), arguments.text("key"))
    return {}


def _name_and_version(arguments: Arguments) -> tuple[str, str]:
    return arguments.text("name"), arguments.identifier("version")
