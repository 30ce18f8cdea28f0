"""SQL of logged models, their tags, parameters and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    String,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from pycore.entities import (
    DatasetFilter,
    LifecycleStage,
    LoggedModel,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
)
from pycore.search import Entity, Field, Filter, Order, Position
from pycore.store.children import CHUNK, among
from pycore.store.inserts import upsert
from pycore.store.metric_values import decode, encode
from pycore.store.prepared import Prepared
from pycore.store.search_sql import Search, Subject
from pycore.store.tables import (
    logged_model_metrics,
    logged_model_params,
    logged_model_tags,
    logged_models,
)

_ATTRIBUTES = (
    "name",
    "model_id",
    "model_type",
    "status",
    "source_run_id",
    "experiment_id",
    "creation_timestamp",
    "last_updated_timestamp",
)


def _latest(of: Field) -> FromClause:
    """Return the latest point per model and key, of those on the field's datasets where it has some."""
    points = logged_model_metrics.c
    newest = func.row_number().over(
        partition_by=(points.model_pk, points.key),
        order_by=(points.step.desc(), points.timestamp.desc(), points.value.desc(), points.pk.desc()),
    )
    columns = (points.model_pk, points.key, points.value, points.value_kind)
    ranked = select(*columns, newest.label("rank_")).where(points.key == of.key, *_on_any(of.datasets))
    numbered = ranked.subquery()
    return select(*(numbered.c[column.name] for column in columns)).where(numbered.c.rank_ == 1).subquery()


def _on_any(datasets: Sequence[DatasetFilter]) -> list[ColumnElement[bool]]:
    points = logged_model_metrics.c
    alternatives = []
    for dataset in datasets:
        named = points.dataset_name == dataset.dataset_name
        digest = dataset.dataset_digest
        alternatives.append(and_(named, points.dataset_digest == digest) if digest else named)
    return [or_(*alternatives)] if alternatives else []


_SUBJECT = Subject(
    source=logged_models,
    attributes={name: logged_models.c[name] for name in _ATTRIBUTES},
    keyed={Entity.METRIC: _latest, Entity.PARAM: logged_model_params, Entity.TAG: logged_model_tags},
    link=(("model_pk", logged_models.c.pk),),
    texts={"experiment_id": cast(logged_models.c.experiment_id, String)},
)

_LOCK = Prepared(
    lambda _: (
        select(logged_models.c.pk, logged_models.c.lifecycle_stage)
        .where(logged_models.c.model_id == bindparam("model_id"))
        .with_for_update(key_share=True)
    )
)
_SET_TAG = Prepared(lambda dialect: upsert(logged_model_tags, dialect, "value"))
_ADD_PARAM = Prepared(lambda _: insert(logged_model_params))
_POINT = ("model_pk", "run_id", "key", "timestamp", "step", "dataset_name", "dataset_digest")
_REMOVE_POINT = Prepared(
    lambda _: delete(logged_model_metrics).where(
        *(logged_model_metrics.c[name] == bindparam(name) for name in _POINT)
    )
)
_ADD_POINT = Prepared(
    lambda _: insert(logged_model_metrics).values(
        {name: bindparam(name) for name in (*_POINT, "value", "value_kind")}
    )
)


class LoggedModelRow(NamedTuple):
    """What a write needs to know of its model.

    Attributes
    ----------
    pk : int
        Row number, the key of what belongs to the model.
    """

    pk: int
    lifecycle_stage: str


def insert_logged_model(connection: Connection, model: LoggedModel) -> int:
    """Add an active model without tags, parameters and metrics; return its row number."""
    result = connection.execute(
        insert(logged_models).values(
            model_id=model.model_id,
            experiment_id=int(model.experiment_id),
            name=model.name,
            artifact_location=model.artifact_location,
            status=model.status.protocol_name,
            model_type=model.model_type,
            source_run_id=model.source_run_id,
            lifecycle_stage=LifecycleStage.ACTIVE,
            creation_timestamp=model.creation_timestamp,
            last_updated_timestamp=model.last_updated_timestamp,
        )
    )
    (pk,) = result.inserted_primary_key or (None,)
    assert pk is not None
    return int(pk)


def lock_logged_model(connection: Connection, model_id: str) -> LoggedModelRow | None:
    """Return a model's row, deleted or not; nobody else writes to it before the transaction ends."""
    row = _LOCK.first(connection, model_id=model_id)
    return None if row is None else LoggedModelRow(*row)


def get_logged_model(connection: Connection, model_id: str, with_deleted: bool = False) -> LoggedModel | None:
    """Return a model with its tags, parameters and metrics."""
    statement = select(logged_models).where(logged_models.c.model_id == model_id)
    if not with_deleted:
        statement = statement.where(logged_models.c.lifecycle_stage == LifecycleStage.ACTIVE)
    row = connection.execute(statement).first()
    return None if row is None else _whole(connection, [row])[0]


def get_model_of_run(connection: Connection, run_id: str, name: str) -> LoggedModel | None:
    """Return the latest model of a name that a run logged."""
    models = logged_models.c
    statement = (
        select(logged_models)
        .where(
            models.source_run_id == run_id,
            models.name == name,
            models.lifecycle_stage == LifecycleStage.ACTIVE,
        )
        .order_by(models.creation_timestamp.desc(), models.pk.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else _whole(connection, [row])[0]


def search_logged_models(
    connection: Connection,
    experiment_ids: Sequence[int],
    filter: Filter,
    datasets: Sequence[DatasetFilter],
    order: Order,
    position: Position | None,
    limit: int,
) -> tuple[list[LoggedModel], Position | None]:
    """Return a page of active models, and where it ends if more follow."""
    where = [
        among(logged_models.c.experiment_id, experiment_ids),
        logged_models.c.lifecycle_stage == LifecycleStage.ACTIVE,
    ]
    if datasets:
        points = logged_model_metrics.c
        measured = select(points.pk).where(points.model_pk == logged_models.c.pk, *_on_any(datasets))
        where.append(measured.correlate(logged_models).exists())
    dialect = connection.dialect.name
    search = Search(dialect, _SUBJECT, list(logged_models.c), where=where, filter=filter, order=order)
    rows, end = search.find_page(connection, position, limit)
    return _whole(connection, rows), end


def update_logged_model(connection: Connection, pk: int, now_ms: int, **values: Any) -> None:
    """Replace the given columns of a model and note the time."""
    connection.execute(
        update(logged_models).where(logged_models.c.pk == pk).values(last_updated_timestamp=now_ms, **values)
    )


def set_logged_model_tags(connection: Connection, pk: int, tags: Iterable[LoggedModelTag]) -> None:
    """Set or replace tags; the last of equal keys wins."""
    _SET_TAG.execute_many(connection, [{"model_pk": pk, **dict(tag)} for tag in tags])


def delete_logged_model_tag(connection: Connection, pk: int, key: str) -> bool:
    """Remove a tag and return whether it was there."""
    tags = logged_model_tags.c
    result = connection.execute(delete(logged_model_tags).where(tags.model_pk == pk, tags.key == key))
    return result.rowcount > 0


def get_logged_model_params(connection: Connection, pk: int) -> dict[str, str]:
    """Return the parameters of a model."""
    return _texts(connection, logged_model_params, [pk])[pk]


def insert_logged_model_params(
    connection: Connection, pk: int, params: Iterable[LoggedModelParameter]
) -> None:
    """Add parameters that the model does not have yet."""
    _ADD_PARAM.execute_many(connection, [{"model_pk": pk, **dict(param)} for param in params])


def insert_logged_model_metric(connection: Connection, pk: int, run_id: str, point: Metric) -> None:
    """Add a point, in place of one of the same run, key, time, step and dataset."""
    value, kind = encode(point.value)
    row = {
        "model_pk": pk,
        "run_id": run_id,
        "key": point.key,
        "timestamp": point.timestamp,
        "step": point.step,
        "dataset_name": point.dataset_name or "",
        "dataset_digest": point.dataset_digest or "",
    }
    _REMOVE_POINT.execute(connection, **row)
    _ADD_POINT.execute(connection, **row, value=value, value_kind=kind)


def _whole(connection: Connection, rows: Sequence[Row[Any]]) -> list[LoggedModel]:
    """Return the models of rows; one query per kind of data, however many models."""
    pks = [row.pk for row in rows]
    tags = _texts(connection, logged_model_tags, pks)
    params = _texts(connection, logged_model_params, pks)
    points = _metrics(connection, {row.pk: row.model_id for row in rows})
    return [
        LoggedModel(
            model_id=row.model_id,
            experiment_id=str(row.experiment_id),
            name=row.name,
            artifact_location=row.artifact_location,
            creation_timestamp=row.creation_timestamp,
            last_updated_timestamp=row.last_updated_timestamp,
            status=LoggedModelStatus[row.status],
            model_type=row.model_type,
            source_run_id=row.source_run_id,
            tags=tags[row.pk],
            params=params[row.pk],
            metrics=tuple(points[row.pk]),
        )
        for row in rows
    ]


def _texts(connection: Connection, table: Table, pks: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    for start in range(0, len(pks), CHUNK):
        statement = (
            select(table)
            .where(among(table.c.model_pk, pks[start : start + CHUNK]))
            .order_by(table.c.model_pk, table.c.key)
        )
        for pk, key, value in connection.execute(statement):
            found[pk][key] = value
    return found


def _metrics(connection: Connection, model_ids: dict[int, str]) -> dict[int, list[Metric]]:
    found: dict[int, list[Metric]] = {pk: [] for pk in model_ids}
    pks = list(model_ids)
    columns = logged_model_metrics.c
    for start in range(0, len(pks), CHUNK):
        statement = (
            select(logged_model_metrics)
            .where(among(columns.model_pk, pks[start : start + CHUNK]))
            .order_by(columns.model_pk, columns.key, columns.step, columns.timestamp, columns.pk)
        )
        for row in connection.execute(statement):
            point = Metric(
                key=row.key,
                value=decode(row.value, row.value_kind),
                timestamp=row.timestamp,
                step=row.step,
                model_id=model_ids[row.model_pk],
                dataset_name=row.dataset_name or None,
                dataset_digest=row.dataset_digest or None,
                run_id=row.run_id,
            )
            found[row.model_pk].append(point)
    return found
