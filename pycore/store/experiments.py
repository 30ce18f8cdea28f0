"""SQL of experiments and their tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, String, bindparam, cast, delete, func, insert, select, update

from pycore.entities import Actor, Experiment, ExperimentTag, LifecycleStage, ResourceKind
from pycore.search import Entity, Filter, Order, Position
from pycore.store.children import among
from pycore.store.inserts import insert_or_ignore, upsert
from pycore.store.permissions import readable
from pycore.store.prepared import Prepared
from pycore.store.search_sql import Search, Subject
from pycore.store.tables import experiment_tags, experiments

_SUBJECT = Subject(
    source=experiments,
    attributes={
        name: experiments.c[name] for name in ("name", "experiment_id", "creation_time", "last_update_time")
    },
    keyed={Entity.TAG: experiment_tags},
    link=(("experiment_id", experiments.c.experiment_id),),
    texts={"experiment_id": cast(experiments.c.experiment_id, String)},
)

_LOCK = Prepared(
    lambda _: (
        select(experiments.c.name, experiments.c.artifact_location, experiments.c.lifecycle_stage)
        .where(experiments.c.experiment_id == bindparam("experiment_id"))
        .with_for_update(key_share=True)
    )
)
_INSERT_UNLESS_THERE = Prepared(lambda dialect: insert_or_ignore(experiments, dialect))
_SET_TAG = Prepared(lambda dialect: upsert(experiment_tags, dialect, "value"))


class ExperimentRow(NamedTuple):
    """What a write needs to know of its experiment."""

    name: str
    artifact_location: str
    lifecycle_stage: str


def insert_experiment(connection: Connection, name: str, now_ms: int) -> int:
    """Add an active experiment without an artifact location and return its id."""
    result = connection.execute(
        insert(experiments).values(
            name=name,
            artifact_location="",
            lifecycle_stage=LifecycleStage.ACTIVE,
            creation_time=now_ms,
            last_update_time=now_ms,
        )
    )
    (experiment_id,) = result.inserted_primary_key or (None,)
    assert experiment_id is not None
    return int(experiment_id)


def insert_experiment_zero(connection: Connection, name: str, artifact_location: str, now_ms: int) -> None:
    """Add the experiment of id 0, unless it is there."""
    _INSERT_UNLESS_THERE.execute(
        connection,
        experiment_id=0,
        name=name,
        artifact_location=artifact_location,
        lifecycle_stage=LifecycleStage.ACTIVE,
        creation_time=now_ms,
        last_update_time=now_ms,
        deleted_time=None,
    )


def insert_experiment_with_id(connection: Connection, experiment_id: int, name: str) -> None:
    """Add an active experiment of a given id; the database goes on counting from the highest id."""
    connection.execute(
        insert(experiments).values(
            experiment_id=experiment_id,
            name=name,
            artifact_location="",
            lifecycle_stage=LifecycleStage.ACTIVE,
            creation_time=0,
            last_update_time=0,
        )
    )
    if connection.dialect.name == "postgresql":
        # Its counter does not notice ids that others have given.
        counter = func.pg_get_serial_sequence(experiments.name, "experiment_id")
        connection.execute(select(func.setval(counter, func.greatest(func.nextval(counter), experiment_id))))


def update_experiment(connection: Connection, experiment_id: int, **values: Any) -> None:
    """Replace the given columns of an experiment."""
    connection.execute(
        update(experiments).where(experiments.c.experiment_id == experiment_id).values(**values)
    )


def lock_experiment(connection: Connection, experiment_id: int) -> ExperimentRow | None:
    """Return an experiment's row; no other transaction changes it before this one ends."""
    row = _LOCK.first(connection, experiment_id=experiment_id)
    return None if row is None else ExperimentRow(*row)


def get_experiment(connection: Connection, experiment_id: int) -> Experiment | None:
    """Return an experiment."""
    row = connection.execute(select(experiments).where(experiments.c.experiment_id == experiment_id)).first()
    return None if row is None else _with_tags(connection, [row])[0]


def get_experiment_by_name(connection: Connection, name: str) -> Experiment | None:
    """Return the experiment of a name."""
    row = connection.execute(select(experiments).where(experiments.c.name == name)).first()
    return None if row is None else _with_tags(connection, [row])[0]


def search_experiments(
    connection: Connection,
    stages: Sequence[str],
    filter: Filter,
    order: Order,
    position: Position | None,
    limit: int,
    actor: Actor | None = None,
) -> tuple[list[Experiment], Position | None]:
    """Return a page of what an actor may read, and where it ends if more follow."""
    search = Search(
        connection.dialect.name,
        _SUBJECT,
        list(experiments.c),
        where=[
            experiments.c.lifecycle_stage.in_(stages),
            *readable(ResourceKind.EXPERIMENT, experiments.c.experiment_id, actor),
        ],
        filter=filter,
        order=order,
    )
    rows, end = search.find_page(connection, position, limit)
    return _with_tags(connection, rows), end


def rename_experiment(connection: Connection, experiment_id: int, name: str, now_ms: int) -> None:
    """Give an experiment another name."""
    connection.execute(
        update(experiments)
        .where(experiments.c.experiment_id == experiment_id)
        .values(name=name, last_update_time=now_ms)
    )


def set_experiment_stage(
    connection: Connection, experiment_id: int, stage: str, now_ms: int, deleted_time: int | None
) -> None:
    """Move an experiment to a lifecycle stage."""
    connection.execute(
        update(experiments)
        .where(experiments.c.experiment_id == experiment_id)
        .values(lifecycle_stage=stage, last_update_time=now_ms, deleted_time=deleted_time)
    )


def set_experiment_tags(connection: Connection, experiment_id: int, tags: Iterable[ExperimentTag]) -> None:
    """Set or replace tags; the last of equal keys wins."""
    rows = [{"experiment_id": experiment_id, "key": tag.key, "value": tag.value} for tag in tags]
    _SET_TAG.execute_many(connection, rows)


def delete_experiment_tag(connection: Connection, experiment_id: int, key: str) -> bool:
    """Remove a tag and return whether it was there."""
    tags = experiment_tags.c
    result = connection.execute(
        delete(experiment_tags).where(tags.experiment_id == experiment_id, tags.key == key)
    )
    return result.rowcount > 0


def _with_tags(connection: Connection, rows: Sequence[Row[Any]]) -> list[Experiment]:
    tags: dict[int, dict[str, str]] = {row.experiment_id: {} for row in rows}
    statement = (
        select(experiment_tags)
        .where(among(experiment_tags.c.experiment_id, list(tags)))
        .order_by(experiment_tags.c.experiment_id, experiment_tags.c.key)
    )
    for experiment_id, key, value in connection.execute(statement) if rows else ():
        tags[experiment_id][key] = value
    return [
        Experiment(
            experiment_id=str(row.experiment_id),
            name=row.name,
            artifact_location=row.artifact_location,
            lifecycle_stage=row.lifecycle_stage,
            tags=tags[row.experiment_id],
            creation_time=row.creation_time,
            last_update_time=row.last_update_time,
        )
        for row in rows
    ]
