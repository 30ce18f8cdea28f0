"""The order of an import, and what becomes of what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pycore.entities import Experiment, LoggedModel, RunInfo
from pycore.errors import InvalidInput
from pycore.importing.artifact_copier import ArtifactCopier
from pycore.importing.relocation import Relocation
from pycore.importing.report import Report
from pycore.importing.source import (
    Source,
    SourceLoggedModel,
    SourceRegisteredModel,
    SourceRun,
    SourceVersion,
)
from pycore.importing.target import MAX_ID, Target
from pycore.services import locations

_RUNS_AT_ONCE = 100


class Importer:
    """Brings everything of a source into a target that is not there yet.

    Experiments are recognized by name, runs and logged models by id, registered models by name and time of
    creation. An experiment keeps its id unless that is taken or has more than 15 digits.

    Parameters
    ----------
    source : Source
    target : Target
    report : Report
        Filled in.
    copier : ArtifactCopier or None
        Copies artifacts; without one they stay where they are, and the new entries name that place.
    artifact_root : str
        Below which copied artifacts lie, in a folder per experiment.
    dry_run : bool
        Whether to write nothing, and only count.
    progress : callable
        Told how many runs and models were seen.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        report: Report,
        copier: ArtifactCopier | None,
        artifact_root: str,
        *,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._copier = None if dry_run else copier
        self._artifact_root = artifact_root
        self._dry_run = dry_run
        self._progress = progress
        self._moved = Relocation()
        #: Where the models are that lie beside their runs, by the address that runs have for them.
        self._beside: dict[str, str] = {}

    def run(self) -> None:
        """Import all; after an error or a break, run again to go on."""
        for experiment in self._source.experiments():
            place = self._experiment(experiment)
            self._logged_models(experiment.experiment_id, place)
            self._runs(experiment.experiment_id, place)
        for model in self._source.registered_models():
            self._registered_model(model)
            self._progress(1)

    def _experiment(self, experiment: Experiment) -> Experiment:
        """Return the experiment in the target that takes the runs of one in the source."""
        present = self._target.experiment_named(experiment.name)
        if present is not None:
            self._report.present["experiments"] += 1
            return present
        self._report.added["experiments"] += 1
        number = experiment.experiment_id
        keeps_id = int(number) <= MAX_ID and not self._target.has_experiment(number)
        if not keeps_id:
            self._report.remark("imported under another id, theirs is taken or too long", _named(experiment))
        if self._dry_run:
            return experiment
        return self._target.add_experiment(experiment, keeps_id, self._located if self._copier else None)

    def _located(self, number: int) -> str:
        return locations.join(self._artifact_root, str(number))

    def _logged_models(self, experiment_id: str, place: Experiment) -> None:
        for found in self._source.logged_models(experiment_id):
            model = found.model
            present = self._target.logged_model(model.model_id)
            if present is not None:
                self._moved.add(model.artifact_location, present.artifact_location)
                self._note_place(present)
                self._report.present["logged models"] += 1
            elif self._dry_run:
                self._report.added["logged models"] += 1
            else:
                self._add_logged_model(found, place)
            self._progress(1)

    def _add_logged_model(self, found: SourceLoggedModel, place: Experiment) -> None:
        model = found.model
        new = locations.join(place.artifact_location, "models", model.model_id, "artifacts")
        moved: LoggedModel = replace(
            model,
            experiment_id=place.experiment_id,
            artifact_location=self._copied(model.artifact_location, new),
        )
        try:
            self._target.add_logged_model(replace(found, model=moved))
        except InvalidInput as error:
            self._report.remark(f"not taken: {error.message}", f"logged model {model.model_id}")
        else:
            self._note_place(moved)
            self._report.added["logged models"] += 1

    def _note_place(self, model: LoggedModel) -> None:
        self._beside[f"runs:/{model.source_run_id}/{model.name}"] = model.artifact_location

    def _runs(self, experiment_id: str, place: Experiment) -> None:
        runs = self._source.runs(experiment_id)
        while batch := list(islice(runs, _RUNS_AT_ONCE)):
            self._add_runs(list(self._new_runs(batch, place)))
            self._progress(len(batch))

    def _new_runs(self, runs: list[SourceRun], place: Experiment) -> Iterator[SourceRun]:
        for found in runs:
            info = found.run.info
            present = self._target.run(info.run_id)
            if present is not None:
                self._moved.add(info.artifact_uri, present.artifact_uri)
                self._report.present["runs"] += 1
            elif self._dry_run:
                self._report.added["runs"] += 1
            else:
                new = locations.join(place.artifact_location, info.run_id, "artifacts")
                moved: RunInfo = replace(
                    info,
                    experiment_id=place.experiment_id,
                    artifact_uri=self._copied(info.artifact_uri, new),
                )
                yield replace(found, run=replace(found.run, info=moved))

    def _add_runs(self, runs: list[SourceRun]) -> None:
        if not runs:
            return
        try:
            points = self._target.add_runs(runs)
        except InvalidInput as error:
            if len(runs) == 1:
                self._report.remark(f"not taken: {error.message}", f"run {runs[0].run.info.run_id}")
                return
            # One of them is at fault: the others need not stay behind.
            for run in runs:
                self._add_runs([run])
        else:
            self._report.added["runs"] += len(runs)
            self._report.added["metric points"] += points

    def _copied(self, old: str, new: str) -> str:
        """Copy artifacts and return where they are now."""
        if self._copier is None or not self._copier.copy(old, new):
            return old
        self._moved.add(old, new)
        return new

    def _registered_model(self, found: SourceRegisteredModel) -> None:
        model = found.model
        known = self._target.registered_model(model.name)
        if known is None:
            self._report.added["registered models"] += 1
            self._report.added["model versions"] += len(found.versions)
            if not self._dry_run:
                self._target.add_registered_model(replace(found, versions=self._placed(found.versions)))
            return
        present, last_version = known
        if present.creation_timestamp != model.creation_timestamp:
            self._report.remark(
                "not taken, there is another registered model of this name; rename one of the two and import "
                "again",
                f"registered model {model.name!r}",
            )
            return
        self._report.present["registered models"] += 1
        new = [version for version in found.versions if int(version.version.version) > last_version]
        self._report.present["model versions"] += len(found.versions) - len(new)
        self._report.added["model versions"] += len(new)
        if new and not self._dry_run:
            self._target.add_versions(found, self._placed(new))

    def _placed(self, versions: Sequence[SourceVersion]) -> list[SourceVersion]:
        return [
            SourceVersion(
                replace(found.version, source=self._moved.apply(found.version.source)),
                self._beside.get(found.storage_location) or self._moved.apply(found.storage_location),
            )
            for found in versions
        ]


def _named(experiment: Experiment) -> str:
    return f"experiment {experiment.name!r} ({experiment.experiment_id})"
