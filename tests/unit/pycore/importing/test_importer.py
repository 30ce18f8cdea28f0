from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import builders
import pytest

from pycore.artifacts.stores import StoresByScheme
from pycore.entities import (
    Experiment,
    LoggedModel,
    Metric,
    RegisteredModel,
    Run,
    RunData,
    VersionNumber,
)
from pycore.importing.artifact_copier import ArtifactCopier
from pycore.importing.importer import Importer
from pycore.importing.report import Report
from pycore.importing.source import (
    SourceLoggedModel,
    SourceRegisteredModel,
    SourceRun,
    SourceVersion,
)
from pycore.importing.target import Target
from pycore.protocols import Api
from pycore.services import build_api
from pycore.store import Database

MODEL_ID = f"m-{'0' * 32}"


@dataclass
class Listed:
    """A source that holds what it is given."""

    experiment: Experiment
    run_list: list[SourceRun]
    model_list: list[SourceLoggedModel]
    registered: list[SourceRegisteredModel]

    def count(self) -> int:
        return len(self.run_list) + len(self.model_list) + len(self.registered)

    def experiments(self) -> Iterator[Experiment]:
        yield self.experiment

    def runs(self, experiment_id: str) -> Iterator[SourceRun]:
        return iter(self.run_list)

    def logged_models(self, experiment_id: str) -> Iterator[SourceLoggedModel]:
        return iter(self.model_list)

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        return iter(self.registered)


def run_id(number: int) -> str:
    return f"{number:032x}"


def source_run(folder: Path, number: int, **fields: object) -> SourceRun:
    place = folder / run_id(number) / "artifacts"
    (place / "model").mkdir(parents=True)
    (place / "model/MLmodel").write_text(f"run {number}")
    data = RunData((), {"p": str(number)})
    run = builders.run(data, run_id=run_id(number), artifact_uri=str(place), **fields)
    return SourceRun(run, lambda: iter([Metric("rmse", 0.5, 1, 0), Metric("rmse", 0.25, 2, 1)]))


def version(number: int, source: str) -> SourceVersion:
    return SourceVersion(builders.model_version(version=VersionNumber(number), source=source), source)


@pytest.fixture
def source(tmp_path: Path) -> Listed:
    """An experiment with three runs, a logged model, and a registered model made from a run."""
    old = tmp_path / "old"
    runs = [source_run(old, number) for number in range(3)]
    (old / "models").mkdir()
    (old / "models/w.bin").write_text("weights")
    logged = LoggedModel(MODEL_ID, "1", "tree", str(old / "models"), 1, 2, source_run_id=run_id(0))
    return Listed(
        builders.experiment(artifact_location=str(old), tags={"team": "red"}),
        runs,
        [SourceLoggedModel(logged)],
        [
            SourceRegisteredModel(
                builders.registered_model(aliases={"champ": VersionNumber(2)}),
                [version(2, f"{old}/{run_id(1)}/artifacts/model")],
                3,
            )
        ],
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/new.db") as database:
        yield database


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Api:
    return build_api(database, StoresByScheme(), str(tmp_path / "new"))


class Import:
    """Imports into the database below a folder, as often as it is asked to."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database, self.root = database, root

    def __call__(self, source: Listed, copies: bool = True, dry_run: bool = False) -> Report:
        report = Report()
        stores = StoresByScheme()
        copier = ArtifactCopier(stores, stores, report) if copies else None
        Importer(source, Target(self.database), report, copier, str(self.root), dry_run=dry_run).run()
        return report


@pytest.fixture
def importing(api: Api, database: Database, tmp_path: Path) -> Import:
    return Import(database, tmp_path / "new")


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_artifacts_are_copied_and_what_refers_to_them_follows(
    importing: Import, source: Listed, api: Api, tmp_path: Path
) -> None:
    report = importing(source)

    new = tmp_path / "new" / "1"
    assert files(new) == [
        *(f"{run_id(number)}/artifacts/model/MLmodel" for number in range(3)),
        f"models/{MODEL_ID}/artifacts/w.bin",
    ]
    assert api.experiments.get("1").artifact_location == str(new)
    assert api.runs.get(run_id(1)).info.artifact_uri == f"{new}/{run_id(1)}/artifacts"
    assert api.logged_models.get(MODEL_ID).artifact_location == f"{new}/models/{MODEL_ID}/artifacts"
    copied = api.model_versions.get("iris-lm", "2")
    assert copied.source == api.model_versions.get_download_uri("iris-lm", "2")
    assert copied.source == f"{new}/{run_id(1)}/artifacts/model"
    assert copied.aliases == ("champ",)
    assert report.added == {
        "experiments": 1,
        "runs": 3,
        "metric points": 6,
        "logged models": 1,
        "registered models": 1,
        "model versions": 1,
        "files": 4,
        "bytes": 22,
    }


def test_artifacts_may_stay_where_they_are(
    importing: Import, source: Listed, api: Api, tmp_path: Path
) -> None:
    importing(source, copies=False)

    assert not (tmp_path / "new").exists()
    assert api.runs.get(run_id(1)).info.artifact_uri == str(tmp_path / "old" / run_id(1) / "artifacts")
    assert api.model_versions.get("iris-lm", "2").source == source.registered[0].versions[0].version.source


def test_a_dry_run_counts_and_writes_nothing(
    importing: Import, source: Listed, api: Api, tmp_path: Path
) -> None:
    report = importing(source, dry_run=True)

    assert (report.added["experiments"], report.added["runs"], report.added["model versions"]) == (1, 3, 1)
    assert [experiment.name for experiment in api.experiments.search()] == ["Default"]
    assert not (tmp_path / "new").exists()


def test_an_import_that_broke_off_goes_on(
    importing: Import, source: Listed, api: Api, tmp_path: Path
) -> None:
    def cut_off() -> Iterator[Metric]:
        yield Metric("rmse", 0.5, 1, 0)
        raise KeyboardInterrupt

    whole = source.run_list[1]
    source.run_list[1] = replace(whole, read_metrics=cut_off)
    with pytest.raises(KeyboardInterrupt):
        importing(source)
    assert api.runs.search(["1"]) == []

    source.run_list[1] = whole
    report = importing(source)
    assert (report.present["experiments"], report.present["logged models"]) == (1, 1)
    assert (report.added["runs"], report.present["files"], report.added["files"]) == (3, 3, 0)
    assert api.runs.get(run_id(1)).data.metrics == {"rmse": 0.25}
    assert api.model_versions.get("iris-lm", "2").source.startswith(str(tmp_path / "new"))


def test_what_is_new_is_added_later(importing: Import, source: Listed, api: Api, tmp_path: Path) -> None:
    importing(source)
    source.run_list.append(source_run(tmp_path / "old", 7))
    (model,) = source.registered
    added = version(4, f"runs:/{run_id(7)}/model")
    source.registered = [replace(model, versions=[*model.versions, added], last_version=4)]

    report = importing(source)

    assert report.added == {
        "runs": 1,
        "metric points": 2,
        "files": 1,
        "bytes": 5,
        "model versions": 1,
    }
    assert api.model_versions.create("iris-lm", f"runs:/{run_id(7)}/model").version == 5


def test_experiments_are_recognized_by_name_and_keep_their_id_where_they_can(
    importing: Import, source: Listed, api: Api
) -> None:
    api.experiments.create("another")  # has the id 1 now
    report = importing(source)
    experiment = api.experiments.get_by_name("iris")
    assert experiment.experiment_id == "2"
    assert api.runs.get(run_id(0)).info.experiment_id == "2"
    assert "experiment 'iris' (1): imported under another id" in report.remark_lines()[0]

    longer = replace(source.experiment, experiment_id="867095345185251130", name="from files")
    importing(replace(source, experiment=longer, run_list=[], model_list=[], registered=[]))
    assert api.experiments.get_by_name("from files").experiment_id == "3"
    kept = replace(longer, experiment_id="77", name="kept", lifecycle_stage="deleted")
    importing(replace(source, experiment=kept, run_list=[], model_list=[], registered=[]))
    assert api.experiments.get("77").lifecycle_stage == "deleted"
    assert api.experiments.create("next") == "78"


def test_another_registered_model_of_the_name_is_left_alone(
    importing: Import, source: Listed, api: Api
) -> None:
    api.registered_models.create("iris-lm")
    report = importing(source)
    assert report.added["registered models"] == 0
    assert (
        "registered model 'iris-lm': not taken, there is another registered model" in report.remark_lines()[0]
    )
    assert api.registered_models.get("iris-lm").latest_versions == ()


def test_a_run_that_cannot_be_kept_does_not_hold_back_the_others(
    importing: Import, source: Listed, api: Api
) -> None:
    odd: Run = replace(source.run_list[1].run, data=RunData((), {"p": "\ud800"}))
    source.run_list[1] = replace(source.run_list[1], run=odd)
    report = importing(source)
    assert [run.info.run_id for run in api.runs.search(["1"], order_by=["run_id"])] == [run_id(0), run_id(2)]
    assert report.remark_lines() == [
        f"run {run_id(1)}: not taken: A text holds half a surrogate pair, which is not valid Unicode."
    ]


def test_artifacts_that_cannot_be_reached_stay_where_they_are(
    importing: Import, source: Listed, api: Api
) -> None:
    place = f"mlflow-artifacts:/1/{run_id(0)}/artifacts"
    info = replace(source.run_list[0].run.info, artifact_uri=place)
    source.run_list[0] = replace(source.run_list[0], run=replace(source.run_list[0].run, info=info))
    report = importing(source)
    assert api.runs.get(run_id(0)).info.artifact_uri == place
    (line,) = report.remark_lines()
    assert line.startswith(place)
    assert "--source-artifacts" in line


def test_a_report_shows_the_first_of_many() -> None:
    report = Report()
    for number in range(5):
        report.remark("too old", f"run {number}")
    assert report.remark_lines() == ["run 0, run 1, run 2 and 2 more: too old"]


def test_registered_models_keep_their_times(importing: Import, source: Listed, api: Api) -> None:
    importing(source)
    kept: RegisteredModel = api.registered_models.get("iris-lm")
    assert (kept.creation_timestamp, kept.last_updated_timestamp) == (builders.TIME_MS, builders.TIME_MS)
