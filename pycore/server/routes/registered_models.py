"""Registered models over REST."""

from __future__ import annotations

from pycore.entities import RegisteredModelTag
from pycore.protocols import Api
from pycore.wire import model_versions
from pycore.wire import registered_models as wire
from pycore.wire.encoding import JsonObject, page_to_json, without_absent
from pycore.wire.request import Arguments


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Make a registered model."""
    model = api.registered_models.create(
        arguments.text("name"),
        arguments.pairs("tags", RegisteredModelTag),
        arguments.text("description", None),
    )
    return {"registered_model": wire.to_json(model)}


def get(api: Api, arguments: Arguments) -> JsonObject:
    """Return a registered model."""
    return {"registered_model": wire.to_json(api.registered_models.get(arguments.text("name")))}


def rename(api: Api, arguments: Arguments) -> JsonObject:
    """Give a registered model another name."""
    model = api.registered_models.rename(arguments.text("name"), arguments.text("new_name"))
    return {"registered_model": wire.to_json(model)}


def update(api: Api, arguments: Arguments) -> JsonObject:
    """Replace the description; an absent one clears it."""
    model = api.registered_models.update(arguments.text("name"), arguments.text("description", None))
    return {"registered_model": wire.to_json(model)}


def delete(api: Api, arguments: Arguments) -> JsonObject:
    """Delete a registered model with all its versions."""
    api.registered_models.delete(arguments.text("name"))
    return {}


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return a page of registered models; clients before 2.0 call this `list`."""
    page = api.registered_models.search(
        arguments.text("filter", ""),
        arguments.integer("max_results", 100),
        arguments.texts("order_by"),
        arguments.page_token(),
    )
    return page_to_json("registered_models", [wire.to_json(model) for model in page], page.token)


def get_latest_versions(api: Api, arguments: Arguments) -> JsonObject:
    """Return the highest version in each stage."""
    versions = api.registered_models.get_latest_versions(arguments.text("name"), arguments.texts("stages"))
    return without_absent({"model_versions": [model_versions.to_json(version) for version in versions]})


def set_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Set or replace a tag."""
    api.registered_models.set_tag(arguments.text("name"), arguments.pair(RegisteredModelTag))
    return {}


def delete_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Remove a tag."""
    api.registered_models.delete_tag(arguments.text("name"), arguments.text("key"))
    return {}


def set_alias(api: Api, arguments: Arguments) -> JsonObject:
    """Point an alias at a version."""
    api.registered_models.set_alias(
        arguments.text("name"), arguments.text("alias"), arguments.identifier("version")
    )
    return {}


def delete_alias(api: Api, arguments: Arguments) -> JsonObject:
    """Remove an alias."""
    api.registered_models.delete_alias(arguments.text("name"), arguments.text("alias"))
    return {}


def get_by_alias(api: Api, arguments: Arguments) -> JsonObject:
    """Return the version an alias points at."""
    version = api.model_versions.get_by_alias(arguments.text("name"), arguments.text("alias"))
    return {"model_version": model_versions.to_json(version)}
