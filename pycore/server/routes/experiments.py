"""Experiments over REST."""

from __future__ import annotations

from pycore.entities import ExperimentTag, ViewType
from pycore.protocols import Api
from pycore.wire import experiments as wire
from pycore.wire.encoding import JsonObject, page_to_json
from pycore.wire.request import Arguments


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Make an experiment."""
    experiment_id = api.experiments.create(
        arguments.text("name"),
        arguments.text("artifact_location", None) or None,
        arguments.pairs("tags", ExperimentTag),
    )
    return {"experiment_id": experiment_id}


def get(api: Api, arguments: Arguments) -> JsonObject:
    """Return an experiment by id."""
    return {"experiment": wire.to_json(api.experiments.get(arguments.identifier("experiment_id")))}


def get_by_name(api: Api, arguments: Arguments) -> JsonObject:
    """Return an experiment by name."""
    return {"experiment": wire.to_json(api.experiments.get_by_name(arguments.text("experiment_name")))}


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return a page of experiments; clients before 2.0 call this `list`."""
    page = api.experiments.search(
        arguments.choice("view_type", ViewType, ViewType.ACTIVE_ONLY),
        arguments.integer("max_results", 1000),
        arguments.text("filter", ""),
        arguments.texts("order_by"),
        arguments.page_token(),
    )
    return page_to_json("experiments", [wire.to_json(experiment) for experiment in page], page.token)


def update(api: Api, arguments: Arguments) -> JsonObject:
    """Rename an experiment."""
    api.experiments.rename(arguments.identifier("experiment_id"), arguments.text("new_name"))
    return {}


def delete(api: Api, arguments: Arguments) -> JsonObject:
    """Delete an experiment and its runs, softly."""
    api.experiments.delete(arguments.identifier("experiment_id"))
    return {}


def restore(api: Api, arguments: Arguments) -> JsonObject:
    """Undo `delete`."""
    api.experiments.restore(arguments.identifier("experiment_id"))
    return {}


def set_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Set or replace a tag."""
    api.experiments.set_tag(arguments.identifier("experiment_id"), arguments.pair(ExperimentTag))
    return {}


def delete_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Remove a tag."""
    api.experiments.delete_tag(arguments.identifier("experiment_id"), arguments.text("key"))
    return {}
