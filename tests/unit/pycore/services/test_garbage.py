"""What a collection removes for good, what it keeps, and how it goes on after a failure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select, text

from pycore.artifacts.stores import StoresByScheme
from pycore.entities import Dataset, DatasetInput, LoggedModelOutput, Metric, Param, ViewType
from pycore.errors import Conflict, InvalidInput, NotFound, Unavailable
from pycore.protocols import Api
from pycore.services import build_api
from pycore.services.garbage import GarbageCollector, Selection
from pycore.store import Database
from pycore.store.tables import metadata

DAY_MS = 86_400_000


@dataclass
class Clock:
    """A time that the test sets."""

    now_ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class World:
    """A platform, and a collector on it."""

    api: Api
    database: Database
    collector: GarbageCollector
    stores: StoresByScheme
    folder: Path
    clock: Clock

    def run(self, experiment_id: str = "0") -> str:
        """Make a run with something of everything, and a file."""
        info = self.api.runs.create(experiment_id).info
        self.api.runs.log_batch(info.run_id, [Metric("m", 1.0, 1)], [Param("p", "1")])
        self.api.runs.log_inputs(
            info.run_id, [DatasetInput(Dataset("iris", info.run_id[-5:], "local", "{}"))]
        )
        self.write(info.artifact_uri)
        return info.run_id

    def model(self, run_id: str | None, experiment_id: str = "0") -> str:
        """Log a model of a run."""
        model = self.api.logged_models.create(experiment_id, "tree", run_id)
        if run_id:
            self.api.runs.log_outputs(run_id, [LoggedModelOutput(model.model_id)])
        self.write(model.artifact_location)
        return model.model_id

    def write(self, location: str) -> None:
        """Write a file."""
        self.stores.open(location).write("model/MLmodel", io.BytesIO(b"flavors:"))

    def files(self) -> set[str]:
        """Return what lies in the folder of the artifacts: the first files' and the empty folders' paths."""
        root = self.folder / "artifacts"
        return {
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.is_file() or not any(path.iterdir())
        }

    def collect(self, **selection: object) -> dict[str, str]:
        """Collect, and return what became of each thing."""
        found = {}
        for item, error in self.collector.collect(Selection(**selection)):
            found[item.row.identifier] = item.kept_because or (error.message if error else "removed")
        return found

    def rows(self) -> dict[str, int]:
        """Return how many rows the tables have that have any."""
        with self.database.reading() as connection:
            counts = {
                table.name: len(connection.execute(select(table)).all()) for table in metadata.sorted_tables
            }
        return {name: number for name, number in counts.items() if number}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty platform."""
    stores = StoresByScheme(str(tmp_path / "artifacts"))
    ids, clock = count(1), Clock()
    with Database.open(f"sqlite:///{tmp_path}/crateflow.db") as database:
        api = build_api(
            database, stores, "mlflow-artifacts:/", clock=clock, new_id=lambda: f"{next(ids):032x}"
        )
        collector = GarbageCollector(database, database, stores, clock)
        yield World(api, database, collector, stores, tmp_path, clock)


def test_a_deleted_run_goes_with_all_that_is_its_own(world: World):
    before = world.rows()
    kept, gone = world.run(), world.run()
    model = world.model(gone)
    world.api.runs.log_metric(gone, Metric("m", 1.0, 1, 1, model, "iris", "d"))
    world.api.runs.delete(gone)

    assert world.collect() == {gone: "removed", model: "removed"}

    for read in (world.api.runs.get, world.api.runs.restore):
        with pytest.raises(NotFound):
            read(gone)
    with pytest.raises(NotFound):
        world.api.logged_models.get(model)
    assert world.api.runs.get(kept).data.metrics == {"m": 1.0}
    assert world.files() == {f"0/{kept}/artifacts/model/MLmodel", "0/models"}
    world.api.runs.delete(kept)
    world.collect()
    # Datasets belong to their experiment.
    assert world.rows() == {**before, "datasets": 2}


def test_nothing_active_is_touched(world: World):
    run = world.run()
    model = world.model(run)
    assert world.collect() == {}
    assert world.api.logged_models.get(model).source_run_id == run


def test_what_was_deleted_lately_stays(world: World):
    old, new = world.run(), world.run()
    world.api.runs.delete(old)
    world.clock.now_ms += 2 * DAY_MS
    world.api.runs.delete(new)
    world.clock.now_ms += DAY_MS
    assert world.collect(older_than_ms=3 * DAY_MS) == {old: "removed"}
    assert world.collect(older_than_ms=DAY_MS + 1) == {}
    assert world.collect(older_than_ms=DAY_MS) == {new: "removed"}


def test_the_age_counts_from_the_last_deletion(world: World):
    run = world.run()
    world.api.runs.delete(run)
    world.clock.now_ms += 9 * DAY_MS
    world.api.runs.delete(run)  # deleting again changes nothing
    assert [item.row.identifier for item in world.collector.find(Selection(9 * DAY_MS))] == [run]
    world.api.runs.restore(run)
    assert world.collector.find(Selection()) == []
    world.api.runs.delete(run)
    assert world.collector.find(Selection(1)) == []


def test_what_was_deleted_at_a_time_nobody_noted_counts_as_deleted_now(world: World):
    run = world.run()
    world.api.runs.delete(run)
    with world.database.transaction() as connection:
        connection.execute(text("UPDATE runs SET deleted_time = NULL"))
    assert world.collect(older_than_ms=1) == {}
    with pytest.raises(InvalidInput, match="more recently"):
        world.collect(older_than_ms=1, run_ids=[run])
    assert world.collect() == {run: "removed"}


def test_an_experiment_goes_with_its_runs_models_and_folder(world: World):
    before = world.rows()
    experiment = world.api.experiments.create("iris")
    early, late = world.run(experiment), world.run(experiment)
    model = world.model(None, experiment)
    world.api.runs.delete(early)
    world.clock.now_ms += DAY_MS
    world.api.experiments.delete(experiment)
    assert world.collect(older_than_ms=DAY_MS) == {early: "removed"}
    assert world.collect() == {late: "removed", model: "removed", experiment: "removed"}
    with pytest.raises(NotFound):
        world.api.experiments.restore(experiment)
    assert world.files() == set()
    assert world.rows() == before
    assert world.api.experiments.create("iris") == "2"


def test_an_experiment_that_is_restored_keeps_its_runs(world: World):
    experiment = world.api.experiments.create("iris")
    run = world.run(experiment)
    world.api.experiments.delete(experiment)
    world.api.experiments.restore(experiment)
    assert world.collect() == {}
    assert world.api.runs.get(run).info.lifecycle_stage == "active"


def test_a_deleted_logged_model_goes_without_its_run(world: World):
    run = world.run()
    model = world.model(run)
    world.api.logged_models.delete(model)
    assert world.collect() == {model: "removed"}
    assert world.api.runs.get(run).info.lifecycle_stage == "active"
    assert not any("models/m-" in file for file in world.files())


SOURCES = {
    "by its run": lambda run, model: {"source": f"runs:/{run}/model"},
    "by a place": lambda run, model: {"source": f"mlflow-artifacts:/0/{run}/artifacts/model"},
    "by a run id": lambda run, model: {"source": "s3://elsewhere/model", "run_id": run},
    "by its model": lambda run, model: {"source": f"models:/{model}"},
    "by a model id": lambda run, model: {"source": "s3://elsewhere/model", "model_id": model},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_what_a_registered_version_was_made_from_is_kept_unless_forced(world: World, source):
    experiment = world.api.experiments.create("iris")
    run, other = world.run(experiment), world.run(experiment)
    model = world.model(run, experiment)
    world.api.registered_models.create("iris-lm")
    world.api.model_versions.create("iris-lm", **source(run, model))
    world.api.experiments.delete(experiment)

    found = world.collect()

    assert found.pop(other) == "removed"
    assert set(found) == {run, model, experiment}
    assert "removed" not in found.values()
    assert any("iris-lm 1" in reason and "--force" in reason for reason in found.values())
    world.api.experiments.restore(experiment)
    assert world.stores.open(world.api.runs.get(run).info.artifact_uri).list("model")
    assert world.stores.open(world.api.logged_models.get(model).artifact_location).list("model")

    world.api.experiments.delete(experiment)
    assert set(world.collect(forced=True).values()) == {"removed"}
    assert world.api.model_versions.get("iris-lm", "1").source


def test_a_model_that_is_kept_keeps_no_others(world: World):
    active = world.run()
    kept, gone, alone = world.model(None), world.model(None), world.model(active)
    sibling = world.model(active)
    world.api.registered_models.create("iris-lm")
    for model in (kept, alone):
        world.api.model_versions.create("iris-lm", f"models:/{model}")
    for model in (kept, gone, alone, sibling):
        world.api.logged_models.delete(model)
    found = world.collect()
    assert {model for model, reason in found.items() if reason == "removed"} == {gone, sibling}


def test_versions_in_another_database_count_too(world: World, tmp_path: Path):
    run = world.run()
    with Database.open(f"sqlite:///{tmp_path}/registry.db") as other:
        registry = build_api(other, world.stores, "mlflow-artifacts:/")
        registry.registered_models.create("iris-lm")
        registry.model_versions.create("iris-lm", f"runs:/{run}/model")
        world.api.runs.delete(run)
        world.collector = GarbageCollector(world.database, other, world.stores, world.clock)
        assert "iris-lm 1" in world.collect()[run]
        registry.model_versions.delete("iris-lm", "1")
        assert world.collect() == {run: "removed"}


def test_those_that_are_named_go_alone(world: World):
    first, second = world.run(), world.run()
    experiment = world.api.experiments.create("iris")
    inside = world.run(experiment)
    for run in (first, second):
        world.api.runs.delete(run)
    world.api.experiments.delete(experiment)
    assert world.collect(run_ids=[first]) == {first: "removed"}
    assert world.collect(experiment_ids=[experiment]) == {inside: "removed", experiment: "removed"}
    assert world.api.runs.get(second).info.lifecycle_stage == "deleted"


def test_names_that_cannot_be_removed_stop_everything(world: World):
    active, deleted, source = world.run(), world.run(), world.run()
    world.api.registered_models.create("iris-lm")
    world.api.model_versions.create("iris-lm", f"runs:/{source}/model")
    for run in (deleted, source):
        world.api.runs.delete(run)
    for selection, error, says in (
        ({"run_ids": [deleted, "0" * 32]}, NotFound, "no run with ID 0000"),
        ({"run_ids": [deleted, active]}, InvalidInput, f"Runs {active} are not deleted"),
        ({"run_ids": [deleted], "older_than_ms": 1}, InvalidInput, "more recently than --older-than"),
        ({"run_ids": [deleted, source]}, Conflict, "iris-lm 1"),
        ({"run_ids": [deleted], "experiment_ids": ["7"]}, NotFound, "no experiment with ID 7"),
        ({"run_ids": [deleted], "experiment_ids": ["0"]}, InvalidInput, "Experiments 0 are not deleted"),
        ({"run_ids": [deleted], "experiment_ids": ["x' OR 1"]}, NotFound, "no experiment with ID x' OR 1"),
    ):
        with pytest.raises(error, match=says):
            world.collect(**selection)
    assert world.collect(run_ids=[deleted]) == {deleted: "removed"}


def test_a_dry_run_changes_nothing(world: World):
    run = world.run()
    world.api.runs.delete(run)
    before, files = world.rows(), world.files()
    (item,) = world.collector.find(Selection())
    assert (item.name, item.kept_because) == (f"Run with ID {run}", None)
    assert (world.rows(), world.files()) == (before, files)
    world.api.runs.restore(run)


def test_artifacts_nobody_can_reach_from_here_keep_their_run(world: World):
    experiment = world.api.experiments.create("far", "ftp://host/far")
    run = world.api.runs.create(experiment).info.run_id
    world.api.runs.delete(run)
    assert "got ftp:" in world.collect()[run]
    world.api.runs.restore(run)


def test_files_in_a_folder_that_others_may_use_are_left(world: World):
    run = world.run()
    with world.database.transaction() as connection:
        shared = text("UPDATE runs SET artifact_uri = 'mlflow-artifacts:/0/shared' WHERE run_id = :run")
        connection.execute(shared, {"run": run})
    world.write("mlflow-artifacts:/0/shared")
    world.api.runs.delete(run)
    assert world.collect() == {run: "removed"}
    assert "0/shared/model/MLmodel" in world.files()


def test_an_experiments_folder_with_files_of_others_is_left(world: World):
    experiment = world.api.experiments.create("iris")
    world.write(f"mlflow-artifacts:/{experiment}/notes")
    world.api.experiments.delete(experiment)
    assert world.collect() == {experiment: "removed"}
    assert world.files() == {f"{experiment}/notes/model/MLmodel"}


def test_a_removal_that_fails_halfway_is_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch):
    experiment = world.api.experiments.create("iris")
    run, other = world.run(experiment), world.run(experiment)
    world.api.experiments.delete(experiment)

    class Failing(StoresByScheme):
        def open(self, uri: str):
            store = super().open(uri)
            if uri == f"mlflow-artifacts:/{experiment}":
                delete = store.delete

                def fail(path: str) -> None:
                    if path == run:
                        raise Unavailable("The disk is on fire.")
                    delete(path)

                monkeypatch.setattr(store, "delete", fail)
            return store

    stores = Failing(str(world.folder / "artifacts"))
    sound = world.collector
    world.collector = GarbageCollector(world.database, world.database, stores, world.clock)
    assert world.collect() == {
        run: "The disk is on fire.",
        other: "removed",
        experiment: "Something in it could not be removed.",
    }

    # What may have lost files already is shown to nobody, and cannot be brought back.
    for attempt in (
        lambda: world.api.runs.restore(run),
        lambda: world.api.runs.delete(run),
        lambda: world.api.experiments.restore(experiment),
    ):
        with pytest.raises(NotFound, match=r"removed|removing"):
            attempt()
    assert world.api.runs.search([experiment], view_type=ViewType.ALL) == []
    assert world.api.experiments.search(ViewType.DELETED_ONLY) == []

    world.collector = sound
    assert world.collect(older_than_ms=DAY_MS) == {run: "removed", experiment: "removed"}
    assert world.files() == set()
