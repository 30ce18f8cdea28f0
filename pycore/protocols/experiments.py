"""What can be asked about experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pycore.entities import Experiment, ExperimentTag, PagedList, ViewType


class Experiments(Protocol):
    """Named collections of runs. A deleted experiment can be read and restored, not written to."""

    def create(
        self, name: str, artifact_location: str | None = None, tags: Sequence[ExperimentTag] = ()
    ) -> str:
        """Make an experiment and return its id.

        `AlreadyExists` when an experiment, deleted ones included, has the name.
        """
        ...

    def get(self, experiment_id: str) -> Experiment:
        """Return the experiment, deleted or not; `NotFound` when there is none."""
        ...

    def get_by_name(self, name: str) -> Experiment:
        """Return the experiment of exactly this name, deleted or not; `NotFound` when there is none."""
        ...

    def search(
        self,
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments, newest first unless `order_by` says otherwise.

        `InvalidInput` for a filter, an order or a token that cannot be used, with the position.
        """
        ...

    def rename(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name; `AlreadyExists` when it is taken."""
        ...

    def delete(self, experiment_id: str) -> None:
        """Delete the experiment and its runs, softly; `NotFound` when it is not active."""
        ...

    def restore(self, experiment_id: str) -> None:
        """Undo `delete`, for all its runs too; `NotFound` when it is not deleted."""
        ...

    def set_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set or replace a tag."""
        ...

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; `NotFound` when there is none of this key."""
        ...
