"""Logged models of a server."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from pycore.client.transport import Transport
from pycore.entities import (
    DatasetFilter,
    LoggedModel,
    LoggedModelOrder,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    PagedList,
)
from pycore.wire import logged_models
from pycore.wire import tags as pairs
from pycore.wire.encoding import next_page_token, without_absent

_MODELS = "mlflow/logged-models"


class LoggedModels:
    """`pycore.protocols.LoggedModels` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Sequence[LoggedModelTag] = (),
        params: Sequence[LoggedModelParameter] = (),
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a model whose files are still to come."""
        body = {
            "experiment_id": experiment_id,
            "name": name,
            "source_run_id": source_run_id,
            "tags": pairs.list_to_json(tags),
            "params": pairs.list_to_json(params),
            "model_type": model_type,
        }
        reply = self._transport.call("POST", _MODELS, body=body, idempotent=False)
        return logged_models.from_json(reply["model"])

    def get(self, model_id: str) -> LoggedModel:
        """Return a model that is not deleted."""
        reply = self._transport.call("GET", _address(model_id), idempotent=True)
        return logged_models.from_json(reply["model"])

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say whether the files arrived."""
        body = {"model_id": model_id, "status": logged_models.status_to_json(LoggedModelStatus(status))}
        reply = self._transport.call("PATCH", _address(model_id), body=body, idempotent=True)
        return logged_models.from_json(reply["model"])

    def delete(self, model_id: str) -> None:
        """Delete softly."""
        self._transport.call("DELETE", _address(model_id), idempotent=True)

    def set_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        """Set or replace tags."""
        body = {"model_id": model_id, "tags": pairs.list_to_json(tags)}
        self._transport.call("PATCH", f"{_address(model_id)}/tags", body=body, idempotent=True)

    def delete_tag(self, model_id: str, key: str) -> None:
        """Remove a tag."""
        address = f"{_address(model_id)}/tags/{quote(key)}"
        self._transport.call("DELETE", address, idempotent=False)

    def log_params(self, model_id: str, params: Sequence[LoggedModelParameter]) -> None:
        """Write parameters, each once."""
        body = {"model_id": model_id, "params": pairs.list_to_json(params)}
        self._transport.call("POST", f"{_address(model_id)}/params", body=body, idempotent=True)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        datasets: Sequence[DatasetFilter] = (),
        max_results: int = 50,
        order_by: Sequence[LoggedModelOrder] = (),
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of models."""
        body = {
            "experiment_ids": list(experiment_ids),
            "filter": filter_string or None,
            "datasets": [without_absent(dict(dataset)) for dataset in datasets],
            "max_results": max_results,
            "order_by": [logged_models.order_to_json(order) for order in order_by],
            "page_token": page_token,
        }
        reply = self._transport.call("POST", f"{_MODELS}/search", body=body, idempotent=True)
        page = (logged_models.from_json(item) for item in reply.get("models", ()))
        return PagedList(page, next_page_token(reply))


def _address(model_id: str) -> str:
    return f"{_MODELS}/{quote(model_id, safe='')}"
