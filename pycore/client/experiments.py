"""Experiments of a server."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import Experiment, ExperimentTag, PagedList, ViewType
from pycore.wire import experiments
from pycore.wire import tags as pairs
from pycore.wire.encoding import next_page_token


class Experiments:
    """`pycore.protocols.Experiments` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, name: str, artifact_location: str | None = None, tags: Sequence[ExperimentTag] = ()
    ) -> str:
        """Make an experiment and return its id."""
        body = {"name": name, "artifact_location": artifact_location, "tags": pairs.list_to_json(tags)}
        reply = self._transport.call("POST", "mlflow/experiments/create", body=body, idempotent=False)
        return str(reply["experiment_id"])

    def get(self, experiment_id: str) -> Experiment:
        """Return the experiment, deleted or not."""
        query = {"experiment_id": experiment_id}
        reply = self._transport.call("GET", "mlflow/experiments/get", query=query, idempotent=True)
        return experiments.from_json(reply["experiment"])

    def get_by_name(self, name: str) -> Experiment:
        """Return the experiment of exactly this name, deleted or not."""
        query = {"experiment_name": name}
        reply = self._transport.call("GET", "mlflow/experiments/get-by-name", query=query, idempotent=True)
        return experiments.from_json(reply["experiment"])

    def search(
        self,
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments."""
        body = {
            "view_type": ViewType(view_type).name,
            "max_results": max_results,
            "filter": filter_string or None,
            "order_by": list(order_by),
            "page_token": page_token,
        }
        reply = self._transport.call("POST", "mlflow/experiments/search", body=body, idempotent=True)
        page = (experiments.from_json(item) for item in reply.get("experiments", ()))
        return PagedList(page, next_page_token(reply))

    def rename(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name."""
        body = {"experiment_id": experiment_id, "new_name": new_name}
        self._transport.call("POST", "mlflow/experiments/update", body=body, idempotent=True)

    def delete(self, experiment_id: str) -> None:
        """Delete the experiment and its runs, softly."""
        body = {"experiment_id": experiment_id}
        self._transport.call("POST", "mlflow/experiments/delete", body=body, idempotent=False)

    def restore(self, experiment_id: str) -> None:
        """Undo `delete`, for all its runs too."""
        body = {"experiment_id": experiment_id}
        self._transport.call("POST", "mlflow/experiments/restore", body=body, idempotent=False)

    def set_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set or replace a tag."""
        body = {"experiment_id": experiment_id, **pairs.to_json(tag)}
        self._transport.call("POST", "mlflow/experiments/set-experiment-tag", body=body, idempotent=True)

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag."""
        body = {"experiment_id": experiment_id, "key": key}
        self._transport.call("POST", "mlflow/experiments/delete-experiment-tag", body=body, idempotent=False)
