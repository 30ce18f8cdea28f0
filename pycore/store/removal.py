"""SQL of what was deleted softly and is to be removed for good: runs, logged models, experiments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from pycore.entities import LifecycleStage
from pycore.store.children import CHUNK, among
from pycore.store.tables import experiments, logged_models, runs

# Databases limit the parameters of a statement; texts are not written into it.
_NAMES_AT_ONCE = 500


class DeletedRow(NamedTuple):
    """What a removal needs to know.

    Attributes
    ----------
    pk : int
        Row number.
    identifier : str
        As the world knows it.
    location : str
        Where its artifacts lie.
    deleted_time : int or None
        Milliseconds since 1970 UTC; None while it is active, or when nobody noted it.
    source_run_id : str
        Of the run that made it, "" where there is none such.
    """

    pk: int
    identifier: str
    experiment_id: int
    location: str
    lifecycle_stage: str
    deleted_time: int | None
    source_run_id: str


class RemovalTable:
    """A table whose rows are deleted softly first. Rows that are returned are locked.

    Parameters
    ----------
    pk, identifier, location : Column
    source_run_id : Column, optional
    """

    def __init__(
        self,
        pk: Column[int],
        identifier: ColumnElement[str],
        location: Column[str],
        source_run_id: Column[str] | None = None,
    ) -> None:
        self._table = pk.table
        self._columns = self._table.c
        self._pk = pk
        self._identifier = identifier
        self._source_run_id = source_run_id
        self._wanted: list[ColumnElement[Any]] = [pk, identifier, self._columns.experiment_id, location]
        self._wanted += [self._columns.lifecycle_stage, self._columns.deleted_time]
        self._wanted += [] if source_run_id is None else [source_run_id]

    def lock_deleted(self, connection: Connection, before_ms: int, now_ms: int) -> list[DeletedRow]:
        """Return what was deleted by then, and that whose removal has begun.

        What was deleted at a time that nobody noted counts as deleted now.
        """
        stage = self._columns.lifecycle_stage
        time_ms = func.coalesce(self._columns.deleted_time, now_ms)
        expired = and_(stage == LifecycleStage.DELETED, time_ms <= before_ms)
        return self._lock(connection, or_(expired, stage == LifecycleStage.REMOVING))

    def lock_named(self, connection: Connection, identifiers: Sequence[str]) -> list[DeletedRow]:
        """Return those of these names, deleted or not."""
        return self._lock_by_text(connection, self._identifier, identifiers)

    def lock_made_by(self, connection: Connection, run_ids: Sequence[str]) -> list[DeletedRow]:
        """Return those that these runs made, deleted or not."""
        assert self._source_run_id is not None
        return self._lock_by_text(connection, self._source_run_id, run_ids)

    def lock_in_experiments(self, connection: Connection, numbers: Sequence[int]) -> list[DeletedRow]:
        """Return those of these experiments, deleted or not."""
        found = []
        for start in range(0, len(numbers), CHUNK):
            chunk = numbers[start : start + CHUNK]
            found += self._lock(connection, among(self._columns.experiment_id, chunk))
        return found

    def begin_removal(self, connection: Connection, pks: Sequence[int]) -> None:
        """Hide rows from everybody, before what belongs to them is gone."""
        for start in range(0, len(pks), CHUNK):
            statement = update(self._table).where(among(self._pk, pks[start : start + CHUNK]))
            connection.execute(statement.values(lifecycle_stage=LifecycleStage.REMOVING))

    def remove(self, connection: Connection, pk: int) -> None:
        """Remove a row with all rows that belong to it."""
        connection.execute(delete(self._table).where(self._pk == pk))

    def _lock_by_text(
        self, connection: Connection, column: ColumnElement[str], texts: Sequence[str]
    ) -> list[DeletedRow]:
        found = []
        for start in range(0, len(texts), _NAMES_AT_ONCE):
            found += self._lock(connection, column.in_(texts[start : start + _NAMES_AT_ONCE]))
        return found

    def _lock(self, connection: Connection, condition: ColumnElement[bool]) -> list[DeletedRow]:
        statement = select(*self._wanted).where(condition).order_by(self._pk).with_for_update()
        rows: Iterable[Any] = connection.execute(statement)
        return [DeletedRow(*(row if self._source_run_id is not None else (*row, ""))) for row in rows]


RUNS = RemovalTable(runs.c.pk, runs.c.run_id, runs.c.artifact_uri)
LOGGED_MODELS = RemovalTable(
    logged_models.c.pk,
    logged_models.c.model_id,
    logged_models.c.artifact_location,
    logged_models.c.source_run_id,
)
EXPERIMENTS = RemovalTable(
    experiments.c.experiment_id,
    cast(experiments.c.experiment_id, String(20)),
    experiments.c.artifact_location,
)
