"""Runs, and what they log, over REST."""

from __future__ import annotations

from pycore.entities import LoggedModelInput, LoggedModelOutput, Param, RunStatus, RunTag, ViewType
from pycore.protocols import Api
from pycore.wire import metrics, run_inputs
from pycore.wire import runs as wire
from pycore.wire.encoding import JsonObject, page_to_json
from pycore.wire.request import Arguments

#: The experiment of runs that name none; every database starts with it.
DEFAULT_EXPERIMENT_ID = "0"


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Make a running run; clients before 2.0 give its name as `name`."""
    run = api.runs.create(
        arguments.identifier("experiment_id", "") or DEFAULT_EXPERIMENT_ID,
        arguments.text("user_id", ""),
        arguments.integer("start_time", None),
        arguments.pairs("tags", RunTag),
        arguments.text("run_name", None) or arguments.text("name", None) or None,
    )
    return {"run": wire.to_json(run)}


def get(api: Api, arguments: Arguments) -> JsonObject:
    """Return a run."""
    return {"run": wire.to_json(api.runs.get(arguments.run_id()))}


def update(api: Api, arguments: Arguments) -> JsonObject:
    """Change the status, the end or the name of a run."""
    info = api.runs.update(
        arguments.run_id(),
        arguments.choice("status", RunStatus, None),
        arguments.integer("end_time", None),
        arguments.text("run_name", None) or None,
    )
    return {"run_info": wire.info_to_json(info)}


def delete(api: Api, arguments: Arguments) -> JsonObject:
    """Delete a run, softly."""
    api.runs.delete(arguments.run_id())
    return {}


def restore(api: Api, arguments: Arguments) -> JsonObject:
    """Undo `delete`."""
    api.runs.restore(arguments.run_id())
    return {}


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return a page of runs."""
    page = api.runs.search(
        arguments.identifiers("experiment_ids"),
        arguments.text("filter", ""),
        arguments.choice("run_view_type", ViewType, ViewType.ACTIVE_ONLY),
        arguments.integer("max_results", 1000),
        arguments.texts("order_by"),
        arguments.page_token(),
    )
    return page_to_json("runs", [wire.to_json(run) for run in page], page.token)


def log_metric(api: Api, arguments: Arguments) -> JsonObject:
    """Append a point to a metric."""
    api.runs.log_metric(arguments.run_id(), metrics.from_arguments(arguments))
    return {}


def log_parameter(api: Api, arguments: Arguments) -> JsonObject:
    """Write a parameter, once."""
    api.runs.log_param(arguments.run_id(), arguments.pair(Param))
    return {}


def log_batch(api: Api, arguments: Arguments) -> JsonObject:
    """Log metrics, parameters and tags together."""
    api.runs.log_batch(
        arguments.run_id(),
        [metrics.from_arguments(item) for item in arguments.items("metrics")],
        arguments.pairs("params", Param),
        arguments.pairs("tags", RunTag),
    )
    return {}


def set_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Set or replace a tag."""
    api.runs.set_tag(arguments.run_id(), arguments.pair(RunTag))
    return {}


def delete_tag(api: Api, arguments: Arguments) -> JsonObject:
    """Remove a tag."""
    api.runs.delete_tag(arguments.run_id(), arguments.text("key"))
    return {}


def log_model(api: Api, arguments: Arguments) -> JsonObject:
    """Note a model among those the run logged."""
    api.runs.log_model(arguments.run_id(), arguments.text("model_json"))
    return {}


def log_inputs(api: Api, arguments: Arguments) -> JsonObject:
    """Note datasets and models that the run uses."""
    api.runs.log_inputs(
        arguments.run_id(),
        [run_inputs.dataset_from_arguments(item) for item in arguments.items("datasets")],
        [LoggedModelInput(item.text("model_id")) for item in arguments.items("models")],
    )
    return {}


def log_outputs(api: Api, arguments: Arguments) -> JsonObject:
    """Note models that the run makes."""
    models = [
        LoggedModelOutput(item.text("model_id"), item.integer("step", 0))
        for item in arguments.items("models")
    ]
    api.runs.log_outputs(arguments.run_id(), models)
    return {}
