"""What can be asked about logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pycore.entities import (
    DatasetFilter,
    LoggedModel,
    LoggedModelOrder,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    PagedList,
)


class LoggedModels(Protocol):
    """Models that clients log beside the run that made them.

    An unknown model is `NotFound`; a deleted one can be finalized, tagged and deleted, but not read.
    `Runs.log_metric` and `Runs.log_batch` write the metrics of a model.
    """

    def create(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Sequence[LoggedModelTag] = (),
        params: Sequence[LoggedModelParameter] = (),
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a model whose files are still to come.

        Parameters
        ----------
        name : str, optional
            Not unique; two words and a number when absent.
        source_run_id : str, optional
            The run that makes it; need not exist.
        """
        ...

    def get(self, model_id: str) -> LoggedModel:
        """Return a model that is not deleted."""
        ...

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say whether the files arrived."""
        ...

    def delete(self, model_id: str) -> None:
        """Delete softly; deleting again does nothing."""
        ...

    def set_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        """Set or replace tags."""
        ...

    def delete_tag(self, model_id: str, key: str) -> None:
        """Remove a tag; `NotFound` when there is none of this key."""
        ...

    def log_params(self, model_id: str, params: Sequence[LoggedModelParameter]) -> None:
        """Write parameters, each once; `InvalidInput` when one has another value already."""
        ...

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        datasets: Sequence[DatasetFilter] = (),
        max_results: int = 50,
        order_by: Sequence[LoggedModelOrder] = (),
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of models, the latest created first unless `order_by` says otherwise.

        Parameters
        ----------
        datasets : sequence of DatasetFilter
            Only models measured on one of these; metrics in the filter are those on them.
        """
        ...
