"""SQL of model versions and their tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, tuple_, update

from pycore.entities import Actor, ModelVersion, ModelVersionTag, ResourceKind, Stage, VersionNumber
from pycore.search import Entity, Filter, Order, Position
from pycore.store.children import CHUNK, among
from pycore.store.inserts import upsert
from pycore.store.permissions import readable
from pycore.store.prepared import Prepared
from pycore.store.search_sql import Search, Subject
from pycore.store.tables import aliases, model_version_tags, model_versions, registered_models

_SOURCE = model_versions.join(registered_models, model_versions.c.model_pk == registered_models.c.pk)
_COLUMNS = (*model_versions.c, registered_models.c.name)
_SUBJECT = Subject(
    source=_SOURCE,
    attributes={
        "name": registered_models.c.name,
        "run_id": model_versions.c.run_id,
        "source_path": model_versions.c.source,
        "version_number": model_versions.c.version,
        "creation_timestamp": model_versions.c.creation_timestamp,
        "last_updated_timestamp": model_versions.c.last_updated_timestamp,
    },
    keyed={Entity.TAG: model_version_tags},
    link=(("model_pk", model_versions.c.model_pk), ("version", model_versions.c.version)),
)

_SET_TAG = Prepared(lambda dialect: upsert(model_version_tags, dialect, "value"))


def insert_model_version(
    connection: Connection,
    model_pk: int,
    version: int,
    *,
    source: str,
    storage_location: str,
    run_id: str,
    run_link: str,
    description: str | None,
    model_id: str,
    now_ms: int,
) -> None:
    """Add a version in the stage None."""
    connection.execute(
        insert(model_versions).values(
            model_pk=model_pk,
            version=version,
            source=source,
            storage_location=storage_location,
            run_id=run_id,
            run_link=run_link,
            current_stage=Stage.NONE,
            description=description,
            creation_timestamp=now_ms,
            last_updated_timestamp=now_ms,
            model_id=model_id,
        )
    )


def get_model_version(connection: Connection, name: str, version: int) -> ModelVersion | None:
    """Return a version with its tags and aliases."""
    row = connection.execute(
        select(*_COLUMNS)
        .select_from(_SOURCE)
        .where(registered_models.c.name == name, model_versions.c.version == version)
    ).first()
    if row is None:
        return None
    version_with_tags = _with_tags(connection, [row])
    return with_aliases(connection, row.model_pk, version_with_tags)[0]


def version_exists(connection: Connection, model_pk: int, version: int) -> bool:
    """Return whether a model has a version of this number."""
    columns = model_versions.c
    statement = select(columns.version).where(columns.model_pk == model_pk, columns.version == version)
    return connection.execute(statement).first() is not None


def with_aliases(
    connection: Connection, model_pk: int, versions: Sequence[ModelVersion]
) -> list[ModelVersion]:
    """Return versions of one model with the aliases that point at them."""
    pointing: dict[int, list[str]] = {int(version.version): [] for version in versions}
    statement = (
        select(aliases.c.alias, aliases.c.version)
        .where(aliases.c.model_pk == model_pk, among(aliases.c.version, list(pointing)))
        .order_by(aliases.c.alias)
    )
    for alias, number in connection.execute(statement):
        pointing[number].append(alias)
    return [replace(version, aliases=tuple(pointing[int(version.version)])) for version in versions]


def get_storage_location(connection: Connection, name: str, version: int) -> str | None:
    """Return where the files of a version lie."""
    statement = (
        select(model_versions.c.storage_location)
        .select_from(_SOURCE)
        .where(registered_models.c.name == name, model_versions.c.version == version)
    )
    return connection.execute(statement).scalar()


def get_origins(connection: Connection) -> Iterator[tuple[str, int, list[str | None]]]:
    """Yield of every version its model's name, its number, and all that it says of where it comes from."""
    columns = model_versions.c
    origin = (columns.run_id, columns.model_id, columns.source, columns.storage_location)
    statement = select(registered_models.c.name, columns.version, *origin).select_from(_SOURCE)
    statement = statement.order_by(registered_models.c.name, columns.version)
    for name, version, *texts in connection.execute(statement):
        yield name, version, texts


def get_latest_versions(connection: Connection, model_pks: Sequence[int]) -> dict[int, list[ModelVersion]]:
    """Return the highest version in each stage of several models, by number, without aliases."""
    versions = model_versions.c
    highest = (
        select(versions.model_pk, func.max(versions.version))
        .where(among(versions.model_pk, model_pks))
        .group_by(versions.model_pk, versions.current_stage)
    )
    statement = (
        select(*_COLUMNS)
        .select_from(_SOURCE)
        .where(tuple_(versions.model_pk, versions.version).in_(highest))
        .order_by(versions.model_pk, versions.version)
    )
    rows = connection.execute(statement).all()
    found: dict[int, list[ModelVersion]] = {pk: [] for pk in model_pks}
    for row, version in zip(rows, _with_tags(connection, rows), strict=True):
        found[row.model_pk].append(version)
    return found


def get_highest_version(connection: Connection, model_pk: int, stage: str | None = None) -> int | None:
    """Return the highest number of a model, of one stage where it is given."""
    statement = select(func.max(model_versions.c.version)).where(model_versions.c.model_pk == model_pk)
    if stage is not None:
        statement = statement.where(model_versions.c.current_stage == stage)
    return connection.execute(statement).scalar()


def search_model_versions(
    connection: Connection,
    filter: Filter,
    order: Order,
    position: Position | None,
    limit: int,
    actor: Actor | None = None,
) -> tuple[list[ModelVersion], Position | None]:
    """Return a page of what an actor may read, without aliases, and where it ends if more follow."""
    search = Search(
        connection.dialect.name,
        _SUBJECT,
        _COLUMNS,
        where=readable(ResourceKind.REGISTERED_MODEL, model_versions.c.model_pk, actor),
        filter=filter,
        order=order,
    )
    rows, end = search.find_page(connection, position, limit)
    return _with_tags(connection, rows), end


def update_model_version(
    connection: Connection, model_pk: int, version: int, now_ms: int, **values: Any
) -> None:
    """Replace the given columns of a version and note the time."""
    connection.execute(
        update(model_versions)
        .where(model_versions.c.model_pk == model_pk, model_versions.c.version == version)
        .values(last_updated_timestamp=now_ms, **values)
    )


def touch_all_versions(connection: Connection, model_pk: int, now_ms: int) -> None:
    """Note the time on all versions of a model."""
    connection.execute(
        update(model_versions)
        .where(model_versions.c.model_pk == model_pk)
        .values(last_updated_timestamp=now_ms)
    )


def archive_other_versions(
    connection: Connection, model_pk: int, version: int, stage: str, now_ms: int
) -> None:
    """Move all versions of a stage but one to Archived."""
    connection.execute(
        update(model_versions)
        .where(
            model_versions.c.model_pk == model_pk,
            model_versions.c.current_stage == stage,
            model_versions.c.version != version,
        )
        .values(current_stage=Stage.ARCHIVED, last_updated_timestamp=now_ms)
    )


def delete_model_version(connection: Connection, model_pk: int, version: int) -> None:
    """Remove a version with its tags and aliases."""
    connection.execute(
        delete(model_versions).where(
            model_versions.c.model_pk == model_pk, model_versions.c.version == version
        )
    )


def set_model_version_tags(
    connection: Connection, model_pk: int, version: int, tags: Iterable[ModelVersionTag]
) -> None:
    """Set or replace tags; the last of equal keys wins."""
    rows = [{"model_pk": model_pk, "version": version, "key": tag.key, "value": tag.value} for tag in tags]
    _SET_TAG.execute_many(connection, rows)


def delete_model_version_tag(connection: Connection, model_pk: int, version: int, key: str) -> None:
    """Remove a tag, if it is there."""
    tags = model_version_tags.c
    connection.execute(
        delete(model_version_tags).where(tags.model_pk == model_pk, tags.version == version, tags.key == key)
    )


def _with_tags(connection: Connection, rows: Sequence[Row[Any]]) -> list[ModelVersion]:
    tags: dict[tuple[int, int], dict[str, str]] = {(row.model_pk, row.version): {} for row in rows}
    columns = model_version_tags.c
    # All tags between the lowest and the highest version: pairs of numbers are more than a statement holds.
    numbers = [row.version for row in rows]
    models = sorted({row.model_pk for row in rows})
    for start in range(0, len(models), CHUNK):
        statement = (
            select(model_version_tags)
            .where(among(columns.model_pk, models[start : start + CHUNK]))
            .where(columns.version.between(min(numbers), max(numbers)))
            .order_by(columns.model_pk, columns.version, columns.key)
        )
        for model_pk, version, key, value in connection.execute(statement):
            if (model_pk, version) in tags:
                tags[model_pk, version][key] = value
    return [
        ModelVersion(
            name=row.name,
            version=VersionNumber(row.version),
            source=row.source,
            creation_timestamp=row.creation_timestamp,
            last_updated_timestamp=row.last_updated_timestamp,
            current_stage=row.current_stage,
            description=row.description,
            run_id=row.run_id,
            run_link=row.run_link,
            model_id=row.model_id or "",
            tags=tags[row.model_pk, row.version],
        )
        for row in rows
    ]
