"""What was deleted, removed for good: runs, experiments and logged models with their files.

Deletion is soft: everything can be restored. A collection marks what it will remove first, in one
transaction, after which nothing brings it back; then it removes the files, and the rows last. One that is
cut off leaves marks behind, by which the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pycore import store
from pycore.entities import LifecycleStage
from pycore.errors import Conflict, InvalidInput, MlflowException, NotFound
from pycore.protocols import ArtifactStore, ArtifactStores
from pycore.services import locations
from pycore.store import model_versions as version_rows
from pycore.store.removal import EXPERIMENTS, LOGGED_MODELS, RUNS, DeletedRow, RemovalTable

_NAMES: Mapping[RemovalTable, str] = {
    RUNS: "Run",
    LOGGED_MODELS: "Logged model",
    EXPERIMENTS: "Experiment",
}


@dataclass(frozen=True)
class Garbage:
    """One thing that was deleted.

    Attributes
    ----------
    table : RemovalTable
    row : DeletedRow
    kept_because : str or None
        Why it is not removed.
    """

    table: RemovalTable
    row: DeletedRow
    kept_because: str | None = None

    @property
    def name(self) -> str:
        """What it is, with its id."""
        return f"{_NAMES[self.table]} with ID {self.row.identifier}"


@dataclass(frozen=True)
class Selection:
    """Which of the things deleted are meant.

    Attributes
    ----------
    older_than_ms : int
        How long ago they were deleted at least.
    run_ids, experiment_ids : sequence of str
        These only; all when both are empty. An experiment goes with all that is in it.
    forced : bool
        Whether those go too that versions of registered models were made from.
    """

    older_than_ms: int = 0
    run_ids: Sequence[str] = ()
    experiment_ids: Sequence[str] = ()
    forced: bool = False


class GarbageCollector:
    """Removes for good what was deleted.

    Parameters
    ----------
    database, registry : Database
        Of runs and of registered models; may be the same.
    stores : ArtifactStores
    clock : callable
        Milliseconds since 1970 UTC.
    """

    def __init__(
        self,
        database: store.Database,
        registry: store.Database,
        stores: ArtifactStores,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._registry = registry
        self._stores = stores
        self._clock = clock

    def find(self, selection: Selection) -> list[Garbage]:
        """Return what a collection would remove, and what it would keep.

        Raises
        ------
        NotFound
            A run or experiment that is named does not exist.
        InvalidInput
            One is not deleted, or not for long enough.
        Conflict
            One is named that versions were made from.
        """
        with self._database.transaction() as connection:
            return self._find(connection, selection)

    def collect(self, selection: Selection) -> Iterator[tuple[Garbage, MlflowException | None]]:
        """Remove, and yield each thing that is gone, or kept, or could not be removed with the error.

        Raises as `find` does, before anything is removed.
        """
        with self._database.transaction() as connection:
            found = self._find(connection, selection)
            for table in _NAMES:
                chosen = [item for item in found if item.table is table and item.kept_because is None]
                table.begin_removal(connection, [item.row.pk for item in chosen])
        return self._remove_all(found)

    def _remove_all(self, found: Iterable[Garbage]) -> Iterator[tuple[Garbage, MlflowException | None]]:
        unfinished: set[int] = set()
        for item in found:
            error: MlflowException | None = None
            try:
                if item.kept_because is None:
                    self._remove(item, unfinished)
            except MlflowException as caught:
                unfinished.add(item.row.experiment_id)
                error = caught
            yield item, error

    def _remove(self, item: Garbage, unfinished: set[int]) -> None:
        if item.table is EXPERIMENTS:
            if item.row.experiment_id in unfinished:
                raise Conflict("Something in it could not be removed.")
            self._remove_empty_folder(item.row)
        elif place := _own_folder(item.row):
            parent, name = place
            self._stores.open(parent).delete(name)
        with self._database.transaction() as connection:
            item.table.remove(connection, item.row.pk)

    def _remove_empty_folder(self, row: DeletedRow) -> None:
        folder = row.location.removesuffix(f"/{row.identifier}")
        if folder != row.location and not _holds_files(self._stores.open(row.location)):
            self._stores.open(folder or "/").delete(row.identifier)

    def _find(self, connection: Connection, selection: Selection) -> list[Garbage]:
        now_ms = self._clock()
        before_ms = now_ms - selection.older_than_ms
        everything = not selection.run_ids and not selection.experiment_ids
        # In the order in which all others lock them.
        if everything:
            experiments = EXPERIMENTS.lock_deleted(connection, before_ms, now_ms)
            runs = RUNS.lock_deleted(connection, before_ms, now_ms)
            models = LOGGED_MODELS.lock_deleted(connection, before_ms, now_ms)
        else:
            experiments = EXPERIMENTS.lock_named(connection, selection.experiment_ids)
            _check_named(EXPERIMENTS, selection.experiment_ids, experiments, before_ms, now_ms)
            runs = RUNS.lock_named(connection, selection.run_ids)
            _check_named(RUNS, selection.run_ids, runs, before_ms, now_ms)
            models = []
        inside = [row.experiment_id for row in experiments]
        runs = _distinct(runs, RUNS.lock_in_experiments(connection, inside))
        models = _distinct(
            models,
            LOGGED_MODELS.lock_in_experiments(connection, inside),
            LOGGED_MODELS.lock_made_by(connection, [row.identifier for row in runs]),
        )
        reasons = self._reasons_to_keep(connection, [*runs, *models], selection.forced)
        if reasons and not everything:
            listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise Conflict(f"Nothing was removed. {listed}.")
        return _with_reasons(models, runs, experiments, reasons)

    def _reasons_to_keep(
        self, connection: Connection, rows: Sequence[DeletedRow], forced: bool
    ) -> dict[str, str]:
        reasons = {}
        for row in rows:
            try:
                self._stores.open(row.location)
            except MlflowException as error:
                reasons[row.identifier] = error.message.rstrip(".")
        if rows and not forced:
            wanted = {row.identifier for row in rows}
            if self._registry is self._database:
                reasons |= _pointed_to(connection, wanted)
            else:
                with self._registry.reading() as other:
                    reasons |= _pointed_to(other, wanted)
        return reasons


def _pointed_to(connection: Connection, identifiers: set[str]) -> dict[str, str]:
    """Return those runs and logged models that versions were made from, and which ones."""
    versions: dict[str, list[str]] = {}
    for name, number, origin in version_rows.get_origins(connection):
        # An id stands by itself in whatever a version says, or as a step of a place: runs:/<id>/model.
        steps = {step for text in origin if text for step in locations.steps(text)}
        for identifier in sorted(steps & identifiers):
            versions.setdefault(identifier, []).append(f"{name} {number}")
    return {
        identifier: f"registered versions were made from it ({', '.join(found[:5])}"
        f"{', …' if len(found) > 5 else ''}); --force removes it all the same"
        for identifier, found in versions.items()
    }


def _with_reasons(
    models: Sequence[DeletedRow],
    runs: Sequence[DeletedRow],
    experiments: Sequence[DeletedRow],
    reasons: Mapping[str, str],
) -> list[Garbage]:
    """Return all in the order of removal; what contains a thing that is kept is kept with it."""
    run_ids = {row.identifier for row in runs}
    run_reasons = {run_id: reasons[run_id] for run_id in run_ids & reasons.keys()}
    for row in models:
        if row.identifier in reasons and row.source_run_id in run_ids:
            run_reasons.setdefault(row.source_run_id, f"its logged model {row.identifier} is kept")
    found = []
    for row in models:
        kept = f"its run {row.source_run_id} is kept" if row.source_run_id in run_reasons else None
        found.append(Garbage(LOGGED_MODELS, row, reasons.get(row.identifier, kept)))
    found += [Garbage(RUNS, row, run_reasons.get(row.identifier)) for row in runs]
    holding = {item.row.experiment_id for item in found if item.kept_because}
    for row in experiments:
        kept = "something in it is kept" if row.experiment_id in holding else None
        found.append(Garbage(EXPERIMENTS, row, kept))
    return found


def _check_named(
    table: RemovalTable,
    identifiers: Sequence[str],
    rows: Sequence[DeletedRow],
    before_ms: int,
    now_ms: int,
) -> None:
    name = _NAMES[table]
    found = {row.identifier for row in rows}
    if missing := [identifier for identifier in identifiers if identifier not in found]:
        raise NotFound(f"There is no {name.lower()} with ID {', '.join(missing)}.")
    if active := [row.identifier for row in rows if row.lifecycle_stage == LifecycleStage.ACTIVE]:
        raise InvalidInput(f"{name}s {', '.join(active)} are not deleted: delete them first.")
    young = [row.identifier for row in rows if (row.deleted_time or now_ms) > before_ms]
    if young:
        raise InvalidInput(f"{name}s {', '.join(young)} were deleted more recently than --older-than asks.")


def _distinct(*lists: Iterable[DeletedRow]) -> list[DeletedRow]:
    return list({row.pk: row for rows in lists for row in rows}.values())


def _own_folder(row: DeletedRow) -> tuple[str, str] | None:
    """Return the folder that holds nothing but a run or model, as its parent and its name.

    None for artifacts that were put elsewhere: what else lies there is not known.
    """
    parent = row.location.removesuffix(f"/{row.identifier}/artifacts")
    if parent == row.location:
        return None
    return parent or "/", row.identifier


def _holds_files(store: ArtifactStore, folder: str = "") -> bool:
    return any(not info.is_dir or _holds_files(store, info.path) for info in store.list(folder))
