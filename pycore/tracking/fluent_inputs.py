"""Module-level functions that note what the active run reads and what it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pycore.entities import Dataset as DatasetEntity
from pycore.entities import DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking import run_context, values
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.mlflow_client import MlflowClient


@checked
def log_input(
    dataset: Any = None,
    context: str | None = None,
    tags: Mapping[str, Any] | None = None,
    model: LoggedModelInput | None = None,
) -> None:
    """Note a dataset or a logged model that the run reads.

    Parameters
    ----------
    dataset : Dataset, optional
        Of `pycore.tracking.datasets`, such as ``from_pandas(frame)`` gives, or of `pycore.entities`.
    context : str, optional
        What for, such as "train".
    tags : mapping, optional
    model : LoggedModelInput, optional

    Raises
    ------
    InvalidInput
        Neither is given, or `dataset` is none.
    """
    if dataset is None and model is None:
        raise InvalidInput("log_input takes a dataset or a model; both are missing.")
    log_inputs([dataset], [context], [tags], [model])


@checked
def log_inputs(
    datasets: Sequence[Any] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, Any] | None] | None = None,
    models: Sequence[LoggedModelInput | None] | None = None,
) -> None:
    """Note several datasets, each with its context and tags, and logged models; see `log_input`."""
    for argument, given in (("contexts", contexts), ("tags_list", tags_list)):
        if given is not None and len(given) != len(datasets or ()):
            raise InvalidInput(
                f"{argument} must have an item for each dataset ({len(datasets or ())}), not {len(given)}."
            )
    described = zip_longest(datasets or (), contexts or (), tags_list or ())
    inputs = [dataset_input(*each) for each in described if each[0] is not None]
    run = active_or_new_run()
    used = [model for model in models or () if model is not None]
    MlflowClient(run.tracking_uri).log_inputs(run.info.run_id, inputs, used)


@checked
def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Note logged models that the run makes."""
    run = active_or_new_run()
    MlflowClient(run.tracking_uri).log_outputs(run.info.run_id, models or ())


def dataset_input(
    dataset: Any, context: str | None = None, tags: Mapping[str, Any] | None = None
) -> DatasetInput:
    """Return what a run notes of a dataset; see `log_input`."""
    entity = dataset if isinstance(dataset, DatasetEntity) else getattr(dataset, "to_entity", lambda: None)()
    if not isinstance(entity, DatasetEntity):
        raise InvalidInput(
            f"dataset must be made by mlflow.data, say from_pandas, not a {type(dataset).__name__}."
        )
    all_tags = {} if context is None else {run_context.DATASET_CONTEXT: context}
    return DatasetInput(entity, tuple(values.tags(InputTag, {**all_tags, **(tags or {})})))
