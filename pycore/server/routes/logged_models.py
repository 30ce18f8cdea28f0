"""Logged models over REST."""

from __future__ import annotations

from pycore.entities import LoggedModelParameter, LoggedModelTag
from pycore.protocols import Api
from pycore.wire import artifacts
from pycore.wire import logged_models as wire
from pycore.wire.encoding import JsonObject, page_to_json, without_absent
from pycore.wire.request import Arguments

_PAGE = 50


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Make a logged model whose files are still to come."""
    model = api.logged_models.create(
        arguments.identifier("experiment_id"),
        arguments.text("name", None) or None,
        arguments.text("source_run_id", None),
        arguments.pairs("tags", LoggedModelTag),
        arguments.pairs("params", LoggedModelParameter),
        arguments.text("model_type", None),
    )
    return {"model": wire.to_json(model)}


def get(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Return a logged model."""
    return {"model": wire.to_json(api.logged_models.get(model_id))}


def finalize(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Say whether the files arrived."""
    return {
        "model": wire.to_json(api.logged_models.finalize(model_id, wire.status_from_arguments(arguments)))
    }


def delete(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Delete a logged model, softly."""
    api.logged_models.delete(model_id)
    return {}


def set_tags(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Set or replace tags."""
    api.logged_models.set_tags(model_id, arguments.pairs("tags", LoggedModelTag))
    return {}


def delete_tag(api: Api, arguments: Arguments, model_id: str, key: str) -> JsonObject:
    """Remove a tag."""
    api.logged_models.delete_tag(model_id, key)
    return {}


def log_params(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Write parameters, each once."""
    api.logged_models.log_params(model_id, arguments.pairs("params", LoggedModelParameter))
    return {}


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return a page of logged models; a size of 0 asks for the usual one."""
    page = api.logged_models.search(
        arguments.identifiers("experiment_ids"),
        arguments.text("filter", ""),
        [wire.dataset_from_arguments(item) for item in arguments.items("datasets")],
        arguments.integer("max_results", _PAGE) or _PAGE,
        [wire.order_from_arguments(item) for item in arguments.items("order_by")],
        arguments.page_token(),
    )
    return page_to_json("models", [wire.to_json(model) for model in page], page.token)


def list_artifacts(api: Api, arguments: Arguments, model_id: str) -> JsonObject:
    """Return one level of a model's files, paths relative to their root."""
    root_uri = api.logged_models.get(model_id).artifact_location
    files = api.artifacts.open(root_uri).list(arguments.text("artifact_directory_path", ""))
    return without_absent({"root_uri": root_uri, "files": [artifacts.to_json(file) for file in files]})
