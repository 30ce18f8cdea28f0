"""What can be asked about runs and what they log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


class Runs(Protocol):
    """Executions of training code.

    Each write to a deleted run is `InvalidInput`; to an unknown one `NotFound`. A request that is
    refused leaves nothing behind.
    """

    def create(
        self,
        experiment_id: str,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[RunTag] = (),
        run_name: str | None = None,
    ) -> Run:
        """Make a running run.

        Parameters
        ----------
        start_time : int, optional
            Milliseconds since 1970 UTC; now when absent.
        tags : sequence of RunTag
            The last of equal keys wins; ``mlflow.runName`` names the run.
        run_name : str, optional
            Two words and a number are made when neither this nor the tag is given.
        """
        ...

    def get(self, run_id: str) -> Run:
        """Return the run, deleted or not."""
        ...

    def update(
        self,
        run_id: str,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change what is given and return the row as it now stands."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete softly; deleting again does nothing."""
        ...

    def restore(self, run_id: str) -> None:
        """Undo `delete`; restoring an active run does nothing."""
        ...

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs, the latest started first unless `order_by` says otherwise.

        No experiment ids, or unknown ones: an empty page.
        """
        ...

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Append a point; the same point again is stored once.

        A point that names a logged model is kept with that model as well; `InvalidInput` when there is
        none of this id.
        """
        ...

    def log_param(self, run_id: str, param: Param) -> None:
        """Write a parameter once; `InvalidInput` when it has another value already."""
        ...

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        """Log all or, when anything is refused, nothing.

        At most 1000 metrics, 100 params, 100 tags and 1000 items in all.
        """
        ...

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Set or replace a tag; ``mlflow.runName`` renames the run."""
        ...

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag; `NotFound` when there is none of this key."""
        ...

    def log_model(self, run_id: str, model_json: str) -> None:
        """Note a model in the run's tag ``mlflow.log-model.history``.

        Parameters
        ----------
        model_json : str
            A JSON object with at least artifact_path, flavors, run_id and utc_time_created.
        """
        ...

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] = (),
        models: Sequence[LoggedModelInput] = (),
    ) -> None:
        """Note datasets and models that the run uses.

        A dataset is known by its name and digest in the experiment: of several descriptions the first is
        kept, and so are the first tags of a run's use of it. Models need not exist.
        """
        ...

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that the run makes, each once per step; they need not exist."""
        ...
