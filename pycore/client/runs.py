"""Runs of a server, and what they log."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    PagedList,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
)
from pycore.wire import metrics as points
from pycore.wire import run_inputs, runs
from pycore.wire import tags as pairs
from pycore.wire.encoding import JsonObject, next_page_token


class Runs:
    """`pycore.protocols.Runs` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        experiment_id: str,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[RunTag] = (),
        run_name: str | None = None,
    ) -> Run:
        """Make a running run."""
        body = {
            "experiment_id": experiment_id,
            "user_id": user_id,
            "start_time": start_time,
            "tags": pairs.list_to_json(tags),
            "run_name": run_name,
        }
        reply = self._transport.call("POST", "mlflow/runs/create", body=body, idempotent=False)
        return runs.from_json(reply["run"])

    def get(self, run_id: str) -> Run:
        """Return the run, deleted or not."""
        query = {"run_id": run_id}
        reply = self._transport.call("GET", "mlflow/runs/get", query=query, idempotent=True)
        return runs.from_json(reply["run"])

    def update(
        self,
        run_id: str,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change what is given and return the row as it now stands."""
        body = {
            "run_id": run_id,
            "status": None if status is None else status.name,
            "end_time": end_time,
            "run_name": run_name,
        }
        reply = self._write("update", body)
        return runs.info_from_json(reply["run_info"])

    def delete(self, run_id: str) -> None:
        """Delete softly."""
        self._write("delete", {"run_id": run_id})

    def restore(self, run_id: str) -> None:
        """Undo `delete`."""
        self._write("restore", {"run_id": run_id})

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs."""
        body = {
            "experiment_ids": list(experiment_ids),
            "filter": filter_string or None,
            "run_view_type": view_type.name,
            "max_results": max_results,
            "order_by": list(order_by),
            "page_token": page_token,
        }
        reply = self._transport.call("POST", "mlflow/runs/search", body=body, idempotent=True)
        page = (runs.from_json(item) for item in reply.get("runs", ()))
        return PagedList(page, next_page_token(reply))

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Append a point."""
        self._write("log-metric", {"run_id": run_id, **points.to_json(metric)})

    def log_param(self, run_id: str, param: Param) -> None:
        """Write a parameter once."""
        self._write("log-parameter", {"run_id": run_id, **pairs.to_json(param)})

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        """Log all or, when anything is refused, nothing."""
        body = {
            "run_id": run_id,
            "metrics": [points.to_json(metric) for metric in metrics],
            "params": pairs.list_to_json(params),
            "tags": pairs.list_to_json(tags),
        }
        self._write("log-batch", body)

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Set or replace a tag."""
        self._write("set-tag", {"run_id": run_id, **pairs.to_json(tag)})

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag."""
        body = {"run_id": run_id, "key": key}
        self._transport.call("POST", "mlflow/runs/delete-tag", body=body, idempotent=False)

    def log_model(self, run_id: str, model_json: str) -> None:
        """Note a model in the run's tag ``mlflow.log-model.history``."""
        body = {"run_id": run_id, "model_json": model_json}
        self._transport.call("POST", "mlflow/runs/log-model", body=body, idempotent=False)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] = (),
        models: Sequence[LoggedModelInput] = (),
    ) -> None:
        """Note datasets and models that the run uses."""
        body = {
            "run_id": run_id,
            "datasets": [run_inputs.dataset_to_json(given) for given in datasets],
            "models": [run_inputs.model_to_json(model) for model in models],
        }
        self._write("log-inputs", body)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that the run makes."""
        self._write(
            "outputs", {"run_id": run_id, "models": [run_inputs.model_to_json(model) for model in models]}
        )

    def _write(self, verb: str, body: JsonObject) -> JsonObject:
        # Sent twice, these leave the run as sent once.
        return self._transport.call("POST", f"mlflow/runs/{verb}", body=body, idempotent=True)
