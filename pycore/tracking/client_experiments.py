"""The experiments part of `MlflowClient`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycore.entities import Experiment, ExperimentTag, PagedList, ViewType
from pycore.errors import NotFound
from pycore.models.arguments import checked_methods
from pycore.tracking import values
from pycore.tracking.client_connection import ClientConnection


@checked_methods
class ClientExperiments(ClientConnection):
    """Experiments; see `pycore.protocols.Experiments` for the errors."""

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
    ) -> str:
        """Make an experiment and return its id."""
        location = None if artifact_location is None else str(artifact_location)
        return self.tracking.experiments.create(name, location, values.tags(ExperimentTag, tags))

    def get_experiment(self, experiment_id: str | int) -> Experiment:
        """Return an experiment, deleted or not."""
        return self.tracking.experiments.get(str(experiment_id))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the experiment of this name, deleted or not; None when there is none."""
        try:
            return self.tracking.experiments.get_by_name(name)
        except NotFound:
            return None

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | str | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments, the newest first unless `order_by` says otherwise."""
        return self.tracking.experiments.search(
            ViewType(view_type), max_results, filter_string or "", values.texts(order_by), page_token
        )

    def list_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments: `search_experiments` as MLflow 1 called it."""
        return self.search_experiments(view_type, max_results, page_token=page_token)

    def rename_experiment(self, experiment_id: str | int, new_name: str) -> None:
        """Give an experiment another name."""
        self.tracking.experiments.rename(str(experiment_id), new_name)

    def delete_experiment(self, experiment_id: str | int) -> None:
        """Delete an experiment and its runs, softly."""
        self.tracking.experiments.delete(str(experiment_id))

    def restore_experiment(self, experiment_id: str | int) -> None:
        """Undo `delete_experiment`."""
        self.tracking.experiments.restore(str(experiment_id))

    def set_experiment_tag(self, experiment_id: str | int, key: str, value: Any) -> None:
        """Set or replace a tag."""
        self.tracking.experiments.set_tag(str(experiment_id), values.tag(ExperimentTag, key, value))

    def delete_experiment_tag(self, experiment_id: str | int, key: str) -> None:
        """Remove a tag."""
        self.tracking.experiments.delete_tag(str(experiment_id), key)
