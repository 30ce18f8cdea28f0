"""The artifacts of a run together with those of the models it logged.

Clients from MLflow 3 on put a model beside its run. Who looks at the run, with an older client, in R or in
the pages, finds the model in the folder that has its name, as if it were logged into the run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from pycore.artifacts.paths import checked, checked_folder, joined
from pycore.artifacts.stores import scheme_of
from pycore.entities import FileInfo, LoggedModel
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import Api, ArtifactReader

_RUNS = re.compile(r"runs:/+([^/]+)(?:/(.*))?")


@dataclass(frozen=True)
class RunsUri:
    """``runs:/<run id>/<path>``: a place among the artifacts of a run."""

    run_id: str
    path: str

    @classmethod
    def parse(cls, uri: str) -> RunsUri:
        """Read the URI.

        Raises
        ------
        InvalidInput
            It names no run.
        """
        match = _RUNS.fullmatch(uri)
        if match is None:
            raise InvalidInput(f"Not a proper runs:/ URI: {uri!r}. Expected runs:/<run id>/<path>.")
        return cls(match[1], checked_folder(match[2] or ""))

    def resolve(self, api: Api) -> str:
        """Return the artifact URI it stands for."""
        return RunArtifacts(api, self.run_id).locate(self.path)


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
            names = {model.name for model in self.models()} - present
            own += [FileInfo(name, is_dir=True) for name in names]
            return sorted(own, key=lambda info: info.path)
        model = None if own else self._model(name)
        if model is None:
            return own
        return [*self._files_of(model, below)]

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

    def locate(self, path: str) -> str:
        """Return the artifact URI of a file or folder, "" for the run's own root; it need not exist."""
        path = checked_folder(path)
        name, _, below = path.partition("/")
        if name and (model := self.model_at(path)) is not None:
            return joined(model.artifact_location.rstrip("/"), below).rstrip("/")
        return f"{self.root_uri.rstrip('/')}/{path}" if path else self.root_uri

    def model_at(self, path: str) -> LoggedModel | None:
        """Return the logged model that a path names or lies in; None where the run has a folder there."""
        name = path.partition("/")[0]
        model = self._model(name)
        if model is None:
            return None
        own = self._store.list(name)
        # A server that hands artifacts through shows the model's files as the run's own.
        return model if not own or own == self._files_of(model) else None

    def models(self) -> Sequence[LoggedModel]:
        """Return the models the run logged, the latest first."""
        filter_string = f"source_run_id = '{self._run.run_id}'"
        try:
            return self._api.logged_models.search([self._run.experiment_id], filter_string, max_results=1000)
        except NotFound:
            # Servers before MLflow 3 know no logged models.
            return []

    def _files_of(self, model: LoggedModel, below: str = "") -> Sequence[FileInfo]:
        files = self._api.artifacts.open(model.artifact_location).list(below)
        return [FileInfo(joined(model.name, info.path), info.is_dir, info.file_size) for info in files]

    def _model(self, name: str) -> LoggedModel | None:
        return next((model for model in self.models() if model.name == name), None)


def open_source(api: Api, uri: str) -> ArtifactReader:
    """Return the files of a model version, given where they lie: an artifact URI, or a place in a run."""
    if scheme_of(uri) == "runs":
        uri = RunsUri.parse(uri).resolve(api)
    return api.artifacts.open(uri)
