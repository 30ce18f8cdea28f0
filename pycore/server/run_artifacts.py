"""The artifacts of a run together with those of the models it logged.

Clients from MLflow 3 on put a model beside its run. Who looks at the run, with an older client or in the
pages, finds the model in the folder that has its name, as if it were logged into the run.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import BinaryIO

from pycore.artifacts.paths import checked, checked_folder, joined
from pycore.entities import FileInfo, LoggedModel, PagedList
from pycore.errors import NotFound
from pycore.protocols import Api


class RunArtifacts:
    """A run's artifacts, to be read; what the run has itself comes first."""

    def __init__(self, api: Api, run_id: str) -> None:
        self._api = api
        self._run = api.runs.get(run_id).info
        self.root_uri = self._run.artifact_uri
        self._store = api.artifacts.open(self.root_uri)

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path."""
        folder = checked_folder(path)
        own = self._store.list(folder)
        name, _, below = folder.partition("/")
        if not folder:
            present = {info.path for info in own}
            names = {model.name for model in self._models()} - present
            own += [FileInfo(name, is_dir=True) for name in names]
            return sorted(own, key=lambda info: info.path)
        model = None if own else self._model(name)
        if model is None:
            return own
        files = self._api.artifacts.open(model.artifact_location).list(below)
        return [FileInfo(joined(name, info.path), info.is_dir, info.file_size) for info in files]

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading; `NotFound` when there is none."""
        name, slash, below = checked(path).partition("/")
        try:
            return self._store.open(path)
        except NotFound:
            model = self._model(name) if slash else None
            if model is None:
                raise
        return self._api.artifacts.open(model.artifact_location).open(below)

    def _model(self, name: str) -> LoggedModel | None:
        return next((model for model in self._models() if model.name == name), None)

    def _models(self) -> PagedList[LoggedModel]:
        """Return the models the run logged, the latest first."""
        filter_string = f"source_run_id = '{self._run.run_id}'"
        return self._api.logged_models.search([self._run.experiment_id], filter_string, max_results=1000)
