"""SQL of registered models, their tags and aliases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from pycore.entities import (
    Actor,
    ModelVersion,
    RegisteredModel,
    RegisteredModelTag,
    ResourceKind,
    VersionNumber,
)
from pycore.search import Entity, Filter, Order, Position
from pycore.store.inserts import upsert
from pycore.store.model_versions import get_latest_versions
from pycore.store.permissions import readable
from pycore.store.prepared import Prepared
from pycore.store.search_sql import Search, Subject
from pycore.store.tables import aliases, model_versions, registered_model_tags, registered_models

_SUBJECT = Subject(
    source=registered_models,
    attributes={
        name: registered_models.c[name] for name in ("name", "creation_timestamp", "last_updated_timestamp")
    },
    keyed={Entity.TAG: registered_model_tags},
    link=(("model_pk", registered_models.c.pk),),
)

_SET_TAG = Prepared(lambda dialect: upsert(registered_model_tags, dialect, "value"))
_SET_ALIAS = Prepared(lambda dialect: upsert(aliases, dialect, "version"))


def insert_registered_model(connection: Connection, name: str, description: str | None, now_ms: int) -> int:
    """Add a registered model and return its row number."""
    result = connection.execute(
        insert(registered_models).values(
            name=name,
            description=description,
            creation_timestamp=now_ms,
            last_updated_timestamp=now_ms,
            last_version=0,
        )
    )
    (pk,) = result.inserted_primary_key or (None,)
    assert pk is not None
    return int(pk)


def get_registered_model_pk(connection: Connection, name: str) -> int | None:
    """Return the row number of the model of a name."""
    statement = select(registered_models.c.pk).where(registered_models.c.name == name)
    return connection.execute(statement).scalar()


def lock_registered_model(connection: Connection, name: str) -> int | None:
    """Return a model's row number; no other transaction changes the model before this one ends."""
    statement = (
        select(registered_models.c.pk).where(registered_models.c.name == name).with_for_update(key_share=True)
    )
    return connection.execute(statement).scalar()


def get_registered_model(connection: Connection, name: str) -> RegisteredModel | None:
    """Return the model of a name with its latest versions, tags and aliases."""
    row = connection.execute(select(registered_models).where(registered_models.c.name == name)).first()
    return None if row is None else _with_parts(connection, [row])[0]


def search_registered_models(
    connection: Connection,
    filter: Filter,
    order: Order,
    position: Position | None,
    limit: int,
    actor: Actor | None = None,
) -> tuple[list[RegisteredModel], Position | None]:
    """Return a page of what an actor may read, and where it ends if more follow."""
    search = Search(
        connection.dialect.name,
        _SUBJECT,
        list(registered_models.c),
        where=readable(ResourceKind.REGISTERED_MODEL, registered_models.c.pk, actor),
        filter=filter,
        order=order,
    )
    rows, end = search.find_page(connection, position, limit)
    return _with_parts(connection, rows), end


def update_registered_model(connection: Connection, pk: int, now_ms: int, **values: Any) -> None:
    """Replace the given columns of a model and note the time."""
    connection.execute(
        update(registered_models)
        .where(registered_models.c.pk == pk)
        .values(last_updated_timestamp=now_ms, **values)
    )


def get_last_version(connection: Connection, name: str) -> int:
    """Return the highest version number that a model ever gave."""
    statement = select(registered_models.c.last_version).where(registered_models.c.name == name)
    return int(connection.execute(statement).scalar_one())


def next_version(connection: Connection, pk: int, now_ms: int) -> int:
    """Count a model's versions up and return the new number, which nobody else gets."""
    last_version = registered_models.c.last_version
    update_registered_model(connection, pk, now_ms, last_version=last_version + 1)
    # The update holds the row until the transaction ends, so nobody counts on in between.
    statement = select(last_version).where(registered_models.c.pk == pk)
    return int(connection.execute(statement).scalar_one())


def delete_registered_model(connection: Connection, pk: int) -> None:
    """Remove a model with its versions, tags and aliases."""
    connection.execute(delete(registered_models).where(registered_models.c.pk == pk))


def get_versions_in_stages(connection: Connection, pk: int, stages: Sequence[str]) -> list[Row[Any]]:
    """Return number and stage of the versions in given stages, by number."""
    versions = model_versions.c
    statement = (
        select(versions.version, versions.current_stage)
        .where(versions.model_pk == pk, versions.current_stage.in_(stages))
        .order_by(versions.version)
    )
    return list(connection.execute(statement))


def set_registered_model_tags(connection: Connection, pk: int, tags: Iterable[RegisteredModelTag]) -> None:
    """Set or replace tags; the last of equal keys wins."""
    rows = [{"model_pk": pk, "key": tag.key, "value": tag.value} for tag in tags]
    _SET_TAG.execute_many(connection, rows)


def delete_registered_model_tag(connection: Connection, pk: int, key: str) -> None:
    """Remove a tag, if it is there."""
    tags = registered_model_tags.c
    connection.execute(delete(registered_model_tags).where(tags.model_pk == pk, tags.key == key))


def set_alias(connection: Connection, pk: int, alias: str, version: int) -> None:
    """Point an alias at a version that exists."""
    _SET_ALIAS.execute(connection, model_pk=pk, alias=alias, version=version)


def get_alias(connection: Connection, pk: int, alias: str) -> int | None:
    """Return the version an alias points at."""
    statement = select(aliases.c.version).where(aliases.c.model_pk == pk, aliases.c.alias == alias)
    return connection.execute(statement).scalar()


def delete_alias(connection: Connection, pk: int, alias: str) -> None:
    """Remove an alias, if it is there."""
    connection.execute(delete(aliases).where(aliases.c.model_pk == pk, aliases.c.alias == alias))


def _with_parts(connection: Connection, rows: Sequence[Row[Any]]) -> list[RegisteredModel]:
    """Return the models of rows; one query per kind of part, however many models."""
    if not rows:
        return []
    pks = [row.pk for row in rows]
    tags: dict[int, dict[str, str]] = {pk: {} for pk in pks}
    for pk, key, value in connection.execute(
        select(registered_model_tags)
        .where(registered_model_tags.c.model_pk.in_(pks))
        .order_by(registered_model_tags.c.model_pk, registered_model_tags.c.key)
    ):
        tags[pk][key] = value
    pointers: dict[int, dict[str, VersionNumber]] = {pk: {} for pk in pks}
    for pk, alias, version in connection.execute(
        select(aliases).where(aliases.c.model_pk.in_(pks)).order_by(aliases.c.model_pk, aliases.c.alias)
    ):
        pointers[pk][alias] = VersionNumber(version)
    latest: dict[int, list[ModelVersion]] = get_latest_versions(connection, pks)
    return [
        RegisteredModel(
            name=row.name,
            creation_timestamp=row.creation_timestamp,
            last_updated_timestamp=row.last_updated_timestamp,
            description=row.description,
            latest_versions=tuple(latest[row.pk]),
            tags=tags[row.pk],
            aliases=pointers[row.pk],
        )
        for row in rows
    ]
