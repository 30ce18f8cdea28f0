"""What runs used and made as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import (
    Dataset,
    DatasetInput,
    DatasetSummary,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    RunInputs,
    RunOutputs,
)
from pycore.wire import tags
from pycore.wire.encoding import JsonObject, without_absent
from pycore.wire.request import Arguments


def inputs_to_json(inputs: RunInputs) -> JsonObject:
    """Return the inputs of a run as JSON."""
    fields: JsonObject = {}
    if inputs.dataset_inputs:
        fields["dataset_inputs"] = [dataset_to_json(given) for given in inputs.dataset_inputs]
    if inputs.model_inputs:
        fields["model_inputs"] = [model_to_json(model) for model in inputs.model_inputs]
    return fields


def inputs_from_json(fields: Mapping[str, Any]) -> RunInputs:
    """Return the inputs of a run from a reply."""
    return RunInputs(
        tuple(_dataset_from_json(item) for item in fields.get("dataset_inputs", ())),
        tuple(LoggedModelInput(item["model_id"]) for item in fields.get("model_inputs", ())),
    )


def outputs_to_json(outputs: RunOutputs) -> JsonObject:
    """Return the outputs of a run as JSON."""
    if not outputs.model_outputs:
        return {}
    return {"model_outputs": [model_to_json(model) for model in outputs.model_outputs]}


def outputs_from_json(fields: Mapping[str, Any]) -> RunOutputs:
    """Return the outputs of a run from a reply."""
    return RunOutputs(
        tuple(
            LoggedModelOutput(item["model_id"], int(item.get("step", 0)))
            for item in fields.get("model_outputs", ())
        )
    )


def dataset_to_json(given: DatasetInput) -> JsonObject:
    """Return a use of a dataset as JSON; also an item of a request that logs it."""
    return without_absent(
        {"tags": tags.list_to_json(given.tags), "dataset": without_absent(dict(given.dataset))}
    )


def dataset_from_arguments(arguments: Arguments) -> DatasetInput:
    """Return the use of a dataset of a request that logs it."""
    dataset = arguments.object("dataset")
    return DatasetInput(
        Dataset(
            name=dataset.text("name"),
            digest=dataset.text("digest"),
            source_type=dataset.text("source_type", ""),
            source=dataset.text("source", ""),
            schema=dataset.text("schema", None),
            profile=dataset.text("profile", None),
        ),
        tuple(arguments.pairs("tags", InputTag)),
    )


def model_to_json(model: LoggedModelInput | LoggedModelOutput) -> JsonObject:
    """Return a model used or made as JSON; also an item of a request that logs it."""
    return dict(model)


def summary_to_json(summary: DatasetSummary) -> JsonObject:
    """Return a dataset found by a search as JSON."""
    return without_absent(dict(summary))


def summary_from_json(fields: Mapping[str, Any]) -> DatasetSummary:
    """Return a dataset found by a search from a reply."""
    return DatasetSummary(
        fields["experiment_id"], fields["name"], fields["digest"], fields.get("context") or None
    )


def _dataset_from_json(fields: Mapping[str, Any]) -> DatasetInput:
    dataset = fields["dataset"]
    return DatasetInput(
        Dataset(
            name=dataset["name"],
            digest=dataset["digest"],
            source_type=dataset.get("source_type", ""),
            source=dataset.get("source", ""),
            schema=dataset.get("schema"),
            profile=dataset.get("profile"),
        ),
        tuple(tags.list_from_json(fields.get("tags"), InputTag)),
    )
