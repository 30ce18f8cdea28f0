"""The logged models part of `MlflowClient`, and what runs used and made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pycore.entities import (
    DatasetFilter,
    DatasetInput,
    LoggedModel,
    LoggedModelInput,
    LoggedModelOrder,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    PagedList,
)
from pycore.errors import InvalidInput
from pycore.models.arguments import check_items, checked_methods
from pycore.tracking import values
from pycore.tracking.client_connection import ClientConnection


@checked_methods
class ClientLoggedModels(ClientConnection):
    """Logged models; see `pycore.protocols.LoggedModels` for the errors."""

    def create_logged_model(
        self,
        experiment_id: str | int,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a logged model whose files are still to come."""
        return self.tracking.logged_models.create(
            str(experiment_id),
            name,
            source_run_id,
            values.tags(LoggedModelTag, tags),
            values.tags(LoggedModelParameter, params),
            model_type,
        )

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model."""
        return self.tracking.logged_models.get(model_id)

    def finalize_logged_model(self, model_id: str, status: str | int) -> LoggedModel:
        """Say whether the files arrived: "READY" or "FAILED"."""
        return self.tracking.logged_models.finalize(model_id, _status(status))

    def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model, softly."""
        self.tracking.logged_models.delete(model_id)

    def set_logged_model_tags(self, model_id: str, tags: Mapping[str, Any]) -> None:
        """Set or replace tags."""
        self.tracking.logged_models.set_tags(model_id, values.tags(LoggedModelTag, tags))

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag."""
        self.tracking.logged_models.delete_tag(model_id, key)

    def log_model_params(self, model_id: str, params: Mapping[str, Any]) -> None:
        """Write parameters of a logged model, each once."""
        self.tracking.logged_models.log_params(model_id, values.tags(LoggedModelParameter, params))

    def search_logged_models(
        self,
        experiment_ids: Iterable[str | int] | str | int,
        filter_string: str | None = None,
        datasets: Sequence[Mapping[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of logged models, the latest created first unless `order_by` says otherwise.

        Parameters
        ----------
        datasets : sequence of mapping, optional
            Each with ``dataset_name`` and, unless any digest will do, ``dataset_digest``: only models
            measured on one of them.
        order_by : sequence of mapping, optional
            Each with ``field_name`` and, where they differ from the usual, ``ascending``, ``dataset_name``
            and ``dataset_digest``.
        """
        return self.tracking.logged_models.search(
            values.texts(experiment_ids),
            filter_string or "",
            [_dataset(given) for given in datasets or ()],
            50 if max_results is None else max_results,
            [_order(given) for given in order_by or ()],
            page_token,
        )

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Note datasets and logged models that a run uses."""
        check_items("datasets", datasets or (), DatasetInput)
        check_items("models", models or (), LoggedModelInput)
        self.tracking.runs.log_inputs(run_id, datasets or (), models or ())

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note logged models that a run makes."""
        check_items("models", models, LoggedModelOutput)
        self.tracking.runs.log_outputs(run_id, models)


def _status(status: str | int) -> LoggedModelStatus:
    try:
        return (
            LoggedModelStatus[status.upper()]
            if isinstance(status, str)
            else LoggedModelStatus.from_int(status)
        )
    except (KeyError, ValueError) as error:
        known = ", ".join(LoggedModelStatus)
        raise InvalidInput(f"The status of a logged model is one of {known}, not {status!r}.") from error


def _dataset(given: Mapping[str, Any]) -> DatasetFilter:
    if "dataset_name" not in given:
        raise InvalidInput(f"A dataset to search by has a dataset_name, got {dict(given)!r}.")
    return DatasetFilter(given["dataset_name"], given.get("dataset_digest"))


def _order(given: Mapping[str, Any]) -> LoggedModelOrder:
    if "field_name" not in given:
        raise InvalidInput(f"A field of an order has a field_name, got {dict(given)!r}.")
    dataset = _dataset(given) if {"dataset_name", "dataset_digest"} & given.keys() else None
    return LoggedModelOrder(given["field_name"], given.get("ascending", True), dataset)
