"""SQL of metrics: every point, and the latest one of each key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select, tuple_

from pycore.entities import Metric
from pycore.search import Position
from pycore.store.children import ChildReader, among
from pycore.store.inserts import insert_or_ignore, upsert_higher
from pycore.store.metric_values import decode, encode
from pycore.store.prepared import Prepared
from pycore.store.tables import latest_metrics, metrics, runs

# The order of `Metric.rank`.
_RANK = ("step", "timestamp", "value")

_INSERT = Prepared(lambda dialect: insert_or_ignore(metrics, dialect))
_REPLACE_OLDER = Prepared(lambda dialect: upsert_higher(latest_metrics, dialect, _RANK, "value_kind"))
_LATEST = ChildReader(latest_metrics, ("key", "value", "value_kind", "timestamp", "step"))
_RUN_PK = Prepared(lambda _: select(runs.c.pk).where(runs.c.run_id == bindparam("run_id")))


def insert_metrics(connection: Connection, run_pk: int, experiment_id: int, points: Iterable[Metric]) -> None:
    """Add points, those that are there already excepted, and keep the latest of each key."""
    rows = []
    latest: dict[str, tuple[Metric, dict[str, object]]] = {}
    for point in points:
        value, kind = encode(point.value)
        row = {
            "run_pk": run_pk,
            "experiment_id": experiment_id,
            "key": point.key,
            "timestamp": point.timestamp,
            "step": point.step,
            "value": value,
            "value_kind": kind,
        }
        rows.append(row)
        best = latest.get(point.key)
        if best is None or point.rank() > best[0].rank():
            latest[point.key] = point, row
    _INSERT.execute_many(connection, rows)
    _REPLACE_OLDER.execute_many(connection, [row for _, row in latest.values()])


def get_latest_metrics(connection: Connection, run_pks: Sequence[int]) -> dict[int, list[Metric]]:
    """Return the latest point of every key for each of several runs."""
    found: dict[int, list[Metric]] = {run_pk: [] for run_pk in run_pks}
    for run_pk, key, value, kind, timestamp, step in _LATEST.read(connection, run_pks):
        found[run_pk].append(Metric(key, decode(value, kind), timestamp, step))
    return found


def get_history(
    connection: Connection, run_id: str, key: str, position: Position | None, limit: int | None
) -> tuple[list[Metric], Position | None]:
    """Return the points of a key by time, step and value, and where they end if more follow."""
    run = _RUN_PK.first(connection, run_id=run_id)
    if run is None:
        return [], None
    (run_pk,) = run
    order = (metrics.c.timestamp, metrics.c.step, metrics.c.value, metrics.c.value_kind)
    statement = select(*order).where(metrics.c.run_pk == run_pk, metrics.c.key == key).order_by(*order)
    if position is not None:
        statement = statement.where(tuple_(*order) > tuple_(*position.values))
    if limit is not None:
        statement = statement.limit(limit + 1)
    rows = connection.execute(statement).all()
    points = [Metric(key, decode(value, kind), timestamp, step) for timestamp, step, value, kind in rows]
    if limit is None or len(rows) <= limit:
        return points, None
    return points[:limit], Position(0, tuple(rows[limit - 1]))


def get_steps(
    connection: Connection, run_ids: Sequence[str], key: str, first: int, last: int
) -> dict[str, list[int]]:
    """Return the distinct steps of a key in a range, ascending; runs without any are left out."""
    statement = (
        select(runs.c.run_id, metrics.c.step)
        .join_from(runs, metrics, metrics.c.run_pk == runs.c.pk)
        .where(runs.c.run_id.in_(run_ids), metrics.c.key == key, metrics.c.step.between(first, last))
        .distinct()
        .order_by(metrics.c.step)
    )
    found: dict[str, list[int]] = {}
    for run_id, step in connection.execute(statement):
        found.setdefault(run_id, []).append(step)
    return found


def get_points_at(connection: Connection, run_id: str, key: str, steps: Sequence[int]) -> list[Metric]:
    """Return the points of a key at given steps, by step, time and value."""
    columns = metrics.c
    statement = (
        select(columns.step, columns.timestamp, columns.value, columns.value_kind)
        .join_from(runs, metrics, columns.run_pk == runs.c.pk)
        .where(runs.c.run_id == run_id, columns.key == key, among(columns.step, steps))
        .order_by(columns.step, columns.timestamp, columns.value, columns.value_kind)
    )
    return [
        Metric(key, decode(value, kind), timestamp, step, run_id=run_id)
        for step, timestamp, value, kind in connection.execute(statement)
    ]
