"""A folder of run files (``mlruns``), as MLflow's clients write it where no database is given.

::

    <experiment id>/meta.yaml  tags/<key>
      <run id>/meta.yaml  params/<key>  tags/<key>  metrics/<key>  inputs/<id>/meta.yaml  outputs/…
        artifacts/
      datasets/<id>/meta.yaml
      models/<model id>/meta.yaml  params/<key>  tags/<key>  metrics/<key>  artifacts/
    .trash/<experiment id>/…
    models/<name>/meta.yaml  tags/<key>  aliases/<alias>  version-<n>/meta.yaml  version-<n>/tags/<key>

A key with slashes is a path of folders. Such folders are copied from machine to machine: where the recorded
place of artifacts is gone, the place beside the run's own file is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from pycore.artifacts.stores import folder_of, is_local
from pycore.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    InputTag,
    LifecycleStage,
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    ModelVersion,
    RegisteredModel,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunStatus,
    VersionNumber,
)
from pycore.errors import InvalidInput
from pycore.importing.official_values import logged_model_of, stage_of, version_number_of
from pycore.importing.relocation import Relocation
from pycore.importing.report import Report
from pycore.importing.source import (
    DELETED_VERSION,
    SourceLoggedModel,
    SourceRegisteredModel,
    SourceRun,
    SourceVersion,
)
from pycore.services import locations

_TRASH = ".trash"
_REGISTRY = "models"
_META = "meta.yaml"
_NO_RUNS = frozenset({"datasets", "models", "tags", "traces"})


class RunFolders:
    """`Source` over an ``mlruns`` folder.

    Parameters
    ----------
    root : Path
    report : Report
        Gets what is there and cannot be read.

    Raises
    ------
    InvalidInput
        It is no such folder.
    """

    def __init__(self, root: Path, report: Report) -> None:
        self._root = root.absolute()
        self._report = report
        self._moved = Relocation()
        self._folders = {folder.name: folder for folder in self._experiment_folders()}
        if not self._folders:
            raise InvalidInput(
                f"{str(root)!r} is no folder of run files: expected folders of experiments in it, each "
                f"with a {_META}. Give the mlruns folder itself, or the URI of MLflow's database."
            )

    def count(self) -> int:
        """Return how many runs, logged models and registered models there are."""
        below = sum(
            len(_folders_with_meta(folder)) + len(_folders_with_meta(folder / "models"))
            for folder in self._folders.values()
        )
        return below + len(_folders_with_meta(self._root / _REGISTRY))

    def experiments(self) -> Iterator[Experiment]:
        """Yield all experiments, by id."""
        for name in sorted(self._folders, key=lambda name: (len(name), name)):
            folder = self._folders[name]
            meta = self._meta(folder)
            if meta is None or "name" not in meta:
                continue
            created = meta.get("creation_time") or 0
            yield Experiment(
                experiment_id=name,
                name=str(meta["name"]),
                artifact_location=self._place(meta.get("artifact_location"), folder),
                lifecycle_stage=meta.get("lifecycle_stage") or LifecycleStage.ACTIVE,
                tags=_texts(folder / "tags"),
                creation_time=created,
                last_update_time=meta.get("last_update_time") or created,
            )

    def runs(self, experiment_id: str) -> Iterator[SourceRun]:
        """Yield the runs of an experiment, the oldest first."""
        found = []
        for folder in _folders_with_meta(self._folders[experiment_id]):
            if folder.name not in _NO_RUNS and (meta := self._meta(folder)) is not None:
                found.append((meta.get("start_time") or 0, folder, meta))
        for _, folder, meta in sorted(found, key=lambda item: item[:2]):
            yield self._run(experiment_id, folder, meta)

    def logged_models(self, experiment_id: str) -> Iterator[SourceLoggedModel]:
        """Yield the logged models of an experiment, the oldest first."""
        found = []
        for folder in _folders_with_meta(self._folders[experiment_id] / "models"):
            if (meta := self._meta(folder)) is not None:
                found.append((meta.get("creation_timestamp") or 0, folder, meta))
        for created, folder, meta in sorted(found, key=lambda item: item[:2]):
            model = LoggedModel(
                model_id=folder.name,
                experiment_id=experiment_id,
                name=str(meta.get("name") or ""),
                artifact_location=self._place(meta.get("artifact_location"), folder / "artifacts"),
                creation_timestamp=created,
                last_updated_timestamp=meta.get("last_updated_timestamp") or created,
                status=LoggedModelStatus.from_int(meta.get("status") or 1),
                model_type=meta.get("model_type") or "",
                source_run_id=meta.get("source_run_id") or "",
                tags=_texts(folder / "tags"),
                params=_texts(folder / "params"),
                metrics=tuple(self._points(folder, folder.name)),
            )
            yield SourceLoggedModel(model, meta.get("lifecycle_stage") or LifecycleStage.ACTIVE)

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """Yield the registered models, by name."""
        for folder in _folders_with_meta(self._root / _REGISTRY):
            meta = self._meta(folder)
            if meta is None:
                continue
            created = meta.get("creation_timestamp") or 0
            versions, last_version = self._versions(folder)
            yield SourceRegisteredModel(
                RegisteredModel(
                    name=folder.name,
                    creation_timestamp=created,
                    last_updated_timestamp=meta.get("last_updated_timestamp") or created,
                    description=meta.get("description"),
                    tags=_texts(folder / "tags"),
                    aliases={
                        alias: VersionNumber(number.strip())
                        for alias, number in _texts(folder / "aliases").items()
                    },
                ),
                versions,
                last_version,
            )

    def _experiment_folders(self) -> Iterator[Path]:
        for parent in (self._root, self._root / _TRASH):
            for folder in _folders_with_meta(parent):
                if folder.name.isdecimal():
                    yield folder

    def _run(self, experiment_id: str, folder: Path, meta: dict[str, Any]) -> SourceRun:
        tags = _texts(folder / "tags")
        info = RunInfo(
            run_id=folder.name,
            experiment_id=experiment_id,
            run_name=meta.get("run_name") or meta.get("name") or tags.get("mlflow.runName", ""),
            user_id=meta.get("user_id") or "",
            status=RunStatus(meta.get("status") or RunStatus.FINISHED).name,
            start_time=meta.get("start_time") or 0,
            end_time=meta.get("end_time"),
            artifact_uri=self._place(meta.get("artifact_uri"), folder / "artifacts"),
            lifecycle_stage=meta.get("lifecycle_stage") or LifecycleStage.ACTIVE,
        )
        data = RunData((), _texts(folder / "params"), tags)
        run = Run(info, data, self._inputs(folder), self._outputs(folder))
        return SourceRun(run, partial(self._points, folder), meta.get("deleted_time"))

    def _inputs(self, folder: Path) -> RunInputs:
        datasets, models = [], []
        for link in map(self._meta, _folders_with_meta(folder / "inputs")):
            if link is None:
                continue
            if link.get("source_type") != "DATASET":
                models.append(LoggedModelInput(str(link["destination_id"])))
            elif meta := self._meta(folder.parent / "datasets" / str(link["source_id"])):
                dataset = Dataset(
                    name=meta["name"],
                    digest=str(meta["digest"]),
                    source_type=meta.get("source_type") or "",
                    source=meta.get("source") or "",
                    schema=meta.get("schema"),
                    profile=meta.get("profile"),
                )
                tags = tuple(InputTag(key, str(value)) for key, value in (link.get("tags") or {}).items())
                datasets.append(DatasetInput(dataset, tags))
        return RunInputs(tuple(datasets), tuple(models))

    def _outputs(self, folder: Path) -> RunOutputs:
        links = [link for link in map(self._meta, _folders_with_meta(folder / "outputs")) if link]
        return RunOutputs(
            tuple(LoggedModelOutput(str(link["destination_id"]), link.get("step") or 0) for link in links)
        )

    def _points(self, folder: Path, model_id: str | None = None) -> Iterator[Metric]:
        root = folder / "metrics"
        for file in _files(root):
            key = file.relative_to(root).as_posix()
            with file.open(encoding="utf-8") as lines:
                for line in lines:
                    try:
                        yield _point(key, line.rstrip("\n"), model_id)
                    except ValueError:
                        self._report.remark("not taken, a line of the metric cannot be read", str(file))

    def _versions(self, folder: Path) -> tuple[list[SourceVersion], int]:
        versions, last_version = [], 0
        for place in _folders_with_meta(folder):
            meta = self._meta(place)
            if meta is None or not place.name.startswith("version-"):
                continue
            number = version_number_of(meta["version"])
            last_version = max(last_version, int(number))
            if meta.get("current_stage") != DELETED_VERSION:
                versions.append(self._version(folder.name, number, place, meta))
        return sorted(versions, key=lambda found: int(found.version.version)), last_version

    def _version(self, name: str, number: VersionNumber, folder: Path, meta: dict[str, Any]) -> SourceVersion:
        created = meta.get("creation_timestamp") or 0
        source = self._moved.apply(meta.get("source") or "")
        version = ModelVersion(
            name=name,
            version=number,
            source=source,
            creation_timestamp=created,
            last_updated_timestamp=meta.get("last_updated_timestamp") or created,
            current_stage=stage_of(meta.get("current_stage")),
            description=meta.get("description"),
            run_id=meta.get("run_id") or "",
            run_link=meta.get("run_link") or "",
            model_id=meta.get("model_id") or logged_model_of(source),
            tags=_texts(folder / "tags"),
        )
        return SourceVersion(version, self._moved.apply(meta.get("storage_location") or source))

    def _place(self, recorded: str | None, beside: Path) -> str:
        """Return where artifacts lie: as recorded, or beside the file that says so if that place is gone."""
        if not recorded:
            return str(beside)
        uri = locations.absolute(recorded)
        if is_local(uri) and beside.is_dir() and not folder_of(uri).is_dir():
            self._moved.add(uri, str(beside))
            return str(beside)
        return uri

    def _meta(self, folder: Path) -> dict[str, Any] | None:
        file = folder / _META
        try:
            found = yaml.load(file.read_bytes(), yaml.CSafeLoader)
        except (OSError, yaml.YAMLError, UnicodeDecodeError):
            found = None
        if isinstance(found, dict):
            return found
        self._report.remark("not taken, the file cannot be read", str(file))
        return None


def _folders_with_meta(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(folder for folder in parent.iterdir() if (folder / _META).is_file())


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _texts(root: Path) -> dict[str, str]:
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in _files(root)}


def _point(key: str, line: str, model_id: str | None) -> Metric:
    """Read a line: time, value, step, for models the run, and the dataset, whose name may have blanks."""
    parts = line.split(" ", 3)
    timestamp, value, step, rest = [*parts, *("0", "")[len(parts) - 2 :]] if len(parts) < 4 else parts
    point = Metric(key, float(value), int(timestamp), int(step))
    if model_id is None:
        return point
    run_id, _, dataset = rest.partition(" ")
    name, _, digest = dataset.rpartition(" ")
    return replace(
        point, model_id=model_id, run_id=run_id, dataset_name=name or None, dataset_digest=digest or None
    )
