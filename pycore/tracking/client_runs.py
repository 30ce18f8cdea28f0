"""The runs part of `MlflowClient`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pycore.entities import Metric, PagedList, Param, Run, RunInfo, RunStatus, RunTag, ViewType
from pycore.models.arguments import check_items, checked_methods
from pycore.tracking import async_logging, batches, run_context, values
from pycore.tracking.async_logging import PendingWrite
from pycore.tracking.client_connection import ClientConnection
from pycore.tracking.garbage import collection_paused


@checked_methods
class ClientRuns(ClientConnection):
    """Runs and what they log; see `pycore.protocols.Runs` for the errors.

    With ``synchronous=False`` what is logged is written in the background, and a `PendingWrite` returned.
    """

    def create_run(
        self,
        experiment_id: str | int,
        start_time: int | None = None,
        tags: Mapping[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Make a running run, with no tags but these; it starts now unless said otherwise."""
        # Servers of MLflow do not know the time by themselves.
        start_ms = values.now_ms() if start_time is None else start_time
        user = (tags or {}).get(run_context.USER, run_context.user())
        return self.tracking.runs.create(
            str(experiment_id), str(user), start_ms, values.tags(RunTag, tags), run_name
        )

    def get_run(self, run_id: str) -> Run:
        """Return a run, deleted or not."""
        return self.tracking.runs.get(run_id)

    def get_parent_run(self, run_id: str) -> Run | None:
        """Return the run that a nested run belongs to; None for any other."""
        parent_id = self.get_run(run_id).data.tags.get(run_context.PARENT_RUN_ID)
        return self.get_run(parent_id) if parent_id else None

    def set_terminated(
        self, run_id: str, status: str | int | None = None, end_time: int | None = None
    ) -> None:
        """End a run: FINISHED and now, unless said otherwise."""
        self.tracking.runs.update(
            run_id,
            values.run_status(RunStatus.FINISHED if status is None else status),
            values.now_ms() if end_time is None else end_time,
        )

    def update_run(self, run_id: str, status: str | int | None = None, name: str | None = None) -> None:
        """Change a run's status or name."""
        self.tracking.runs.update(
            run_id, None if status is None else values.run_status(status), run_name=name
        )

    def delete_run(self, run_id: str) -> None:
        """Delete a run, softly."""
        self.tracking.runs.delete(run_id)

    def restore_run(self, run_id: str) -> None:
        """Undo `delete_run`."""
        self.tracking.runs.restore(run_id)

    def search_runs(
        self,
        experiment_ids: Iterable[str | int] | str | int,
        filter_string: str | None = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Iterable[str] | str | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs, the latest started first unless `order_by` says otherwise."""
        with collection_paused():
            return self.tracking.runs.search(
                values.texts(experiment_ids),
                filter_string or "",
                ViewType(run_view_type),
                max_results,
                values.texts(order_by),
                page_token,
            )

    def list_run_infos(
        self,
        experiment_id: str | int,
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Iterable[str] | str | None = None,
        page_token: str | None = None,
    ) -> PagedList[RunInfo]:
        """Return a page of what `search_runs` finds, without metrics, params and tags, as MLflow 1 did."""
        found = self.search_runs(experiment_id, "", run_view_type, max_results, order_by, page_token)
        return PagedList([run.info for run in found], found.token)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Write a parameter, once, as text; return the value as given."""
        param = values.param(key, value)
        if async_logging.wanted(synchronous):
            return self._queue(run_id, params=[param])
        self.tracking.runs.log_param(run_id, param)
        return value

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: Any,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> PendingWrite | None:
        """Append a point; see `pycore.tracking.values.metric` for what counts as a number.

        `model_id` names a logged model that was measured, the dataset what it was measured on.
        """
        metric = values.metric(
            key,
            value,
            timestamp,
            step,
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_digest=dataset_digest,
        )
        if async_logging.wanted(synchronous):
            return self._queue(run_id, metrics=[metric])
        self.tracking.runs.log_metric(run_id, metric)
        return None

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> PendingWrite | None:
        """Set or replace a tag."""
        tag = values.tag(RunTag, key, value)
        if async_logging.wanted(synchronous):
            return self._queue(run_id, tags=[tag])
        self.tracking.runs.set_tag(run_id, tag)
        return None

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag."""
        self.tracking.runs.delete_tag(run_id, key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> PendingWrite | None:
        """Log any number of items, in as many requests as their limits ask for.

        Each request is stored whole or not at all.
        """
        check_items("metrics", metrics, Metric)
        check_items("params", params, Param)
        check_items("tags", tags, RunTag)
        if async_logging.wanted(synchronous):
            return self._queue(run_id, metrics, params, tags)
        for batch in batches.split(metrics, params, tags):
            self.tracking.runs.log_batch(run_id, *batch)
        return None

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """Return all points of a key, by time, step and value; none for an unknown key."""
        with collection_paused():
            return list(self.tracking.metrics.get_history(run_id, key))

    def _queue(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> PendingWrite:
        return async_logging.queue(PendingWrite(self.tracking.runs, run_id, metrics, params, tags))
