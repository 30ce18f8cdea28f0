"""SQL of what users may do with experiments and registered models, and with what belongs to those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    not_,
    select,
    update,
)

from pycore.entities import Actor, Grant, Permission, Resource, ResourceKind
from pycore.store.children import CHUNK, among
from pycore.store.prepared import Prepared
from pycore.store.tables import (
    experiment_permissions,
    experiments,
    logged_models,
    registered_model_permissions,
    registered_models,
    runs,
)


class _Kind(NamedTuple):
    """Where permissions on a kind of thing are kept."""

    table: Table
    #: The column that has the number of the thing.
    number: Column[int]
    #: What users know the thing by.
    key: Column[Any]
    #: Both together.
    named: FromClause


_EXPERIMENTS = _Kind(
    experiment_permissions,
    experiment_permissions.c.experiment_id,
    experiments.c.experiment_id,
    experiment_permissions.join(experiments),
)
_MODELS = _Kind(
    registered_model_permissions,
    registered_model_permissions.c.model_pk,
    registered_models.c.name,
    registered_model_permissions.join(registered_models),
)
_KINDS: Mapping[ResourceKind, _Kind] = {
    ResourceKind.EXPERIMENT: _EXPERIMENTS,
    ResourceKind.REGISTERED_MODEL: _MODELS,
}


class Granted(NamedTuple):
    """The number of a permission, if any is granted, on a thing that there is."""

    permission: int | None


def _granted(
    thing: Table, number: Column[int], kind: _Kind, known_by: Column[Any], *columns: Column[Any]
) -> Prepared:
    """Return the statement for what a user was granted on a thing, or on what it belongs to."""
    user = kind.table.c.user_id == bindparam("user_id")
    joined = thing.outerjoin(kind.table, and_(kind.number == number, user))
    statement = select(kind.table.c.permission, *columns).select_from(joined)
    return Prepared(lambda _: statement.where(known_by == bindparam("key")))


_ON_EXPERIMENT = _granted(experiments, experiments.c.experiment_id, _EXPERIMENTS, experiments.c.experiment_id)
_ON_EXPERIMENT_NAMED = _granted(experiments, experiments.c.experiment_id, _EXPERIMENTS, experiments.c.name)
_ON_RUN = _granted(runs, runs.c.experiment_id, _EXPERIMENTS, runs.c.run_id, runs.c.artifact_uri)
_ON_LOGGED_MODEL = _granted(
    logged_models,
    logged_models.c.experiment_id,
    _EXPERIMENTS,
    logged_models.c.model_id,
    logged_models.c.artifact_location,
)
_ON_MODEL = _granted(registered_models, registered_models.c.pk, _MODELS, registered_models.c.name)


def granted_on_experiment(connection: Connection, user_id: int, experiment_id: int) -> Granted | None:
    """Return what a user was granted on an experiment; None where there is none of this id."""
    return _first(_ON_EXPERIMENT, connection, user_id, experiment_id)


def granted_on_experiment_named(connection: Connection, user_id: int, name: str) -> Granted | None:
    """Return what a user was granted on the experiment of a name."""
    return _first(_ON_EXPERIMENT_NAMED, connection, user_id, name)


def granted_on_run(connection: Connection, user_id: int, run_id: str) -> Granted | None:
    """Return what a user was granted on the experiment of a run."""
    return _first(_ON_RUN, connection, user_id, run_id)


def granted_on_logged_model(connection: Connection, user_id: int, model_id: str) -> Granted | None:
    """Return what a user was granted on the experiment of a logged model."""
    return _first(_ON_LOGGED_MODEL, connection, user_id, model_id)


def granted_on_registered_model(connection: Connection, user_id: int, name: str) -> Granted | None:
    """Return what a user was granted on a registered model."""
    return _first(_ON_MODEL, connection, user_id, name)


def granted_at_folders(
    connection: Connection, user_id: int, run_ids: Sequence[str], model_ids: Sequence[str]
) -> list[tuple[str, Granted]]:
    """Return where runs and logged models keep their files, and what a user was granted on each."""
    found = [_ON_RUN.rows(connection, user_id=user_id, key=run_id) for run_id in run_ids]
    found += [_ON_LOGGED_MODEL.rows(connection, user_id=user_id, key=model_id) for model_id in model_ids]
    return [(uri, Granted(permission)) for rows in found for permission, uri in rows]


def granted_at_locations(connection: Connection, user_id: int, scheme: str) -> list[tuple[str, Granted]]:
    """Return where experiments keep their files by URIs of a scheme, and what a user was granted on each."""
    permissions = experiment_permissions.c
    joined = experiments.outerjoin(
        experiment_permissions,
        and_(permissions.experiment_id == experiments.c.experiment_id, permissions.user_id == user_id),
    )
    statement = (
        select(experiments.c.artifact_location, permissions.permission)
        .select_from(joined)
        .where(experiments.c.artifact_location.startswith(f"{scheme}:", autoescape=True))
    )
    return [(location, Granted(permission)) for location, permission in connection.execute(statement)]


def readable(
    kind: ResourceKind, number: ColumnElement[int], actor: Actor | None
) -> list[ColumnElement[bool]]:
    """Return the conditions under which an actor may read the thing of a number; none without an actor."""
    if actor is None or actor.user.is_admin:
        return []
    table, of, _, _ = _KINDS[kind]
    own = select(table.c.user_id).where(of == number, table.c.user_id == actor.user.user_id)
    if actor.default >= Permission.READ:
        return [not_(own.where(table.c.permission < Permission.READ).exists())]
    return [own.where(table.c.permission >= Permission.READ).exists()]


def find_readable_experiments(
    connection: Connection, experiment_ids: Sequence[int], actor: Actor
) -> frozenset[int]:
    """Return those of several experiments that an actor may read."""
    column = experiments.c.experiment_id
    conditions = readable(ResourceKind.EXPERIMENT, column, actor)
    chunks = [experiment_ids[start : start + CHUNK] for start in range(0, len(experiment_ids), CHUNK)]
    statements = [select(column).where(among(column, chunk), *conditions) for chunk in chunks]
    return frozenset(number for each in statements for number in connection.execute(each).scalars())


def insert_grant(
    connection: Connection, kind: ResourceKind, number: int, user_id: int, permission: Permission
) -> None:
    """Grant a user something on a thing on which nothing was granted."""
    table, of, _, _ = _KINDS[kind]
    values = {of.name: number, "user_id": user_id, "permission": int(permission)}
    connection.execute(insert(table).values(values))


def get_grant(connection: Connection, kind: ResourceKind, number: int, user_id: int) -> Permission | None:
    """Return what a user was granted on a thing."""
    table, of, _, _ = _KINDS[kind]
    statement = select(table.c.permission).where(of == number, table.c.user_id == user_id)
    found = connection.execute(statement).scalar()
    return None if found is None else Permission(found)


def update_grant(
    connection: Connection, kind: ResourceKind, number: int, user_id: int, permission: Permission
) -> None:
    """Replace what a user was granted on a thing."""
    table, of, _, _ = _KINDS[kind]
    statement = update(table).where(of == number, table.c.user_id == user_id)
    connection.execute(statement.values(permission=int(permission)))


def delete_grant(connection: Connection, kind: ResourceKind, number: int, user_id: int) -> bool:
    """Take back what a user was granted on a thing, and return whether anything was."""
    table, of, _, _ = _KINDS[kind]
    return connection.execute(delete(table).where(of == number, table.c.user_id == user_id)).rowcount > 0


def list_grants(connection: Connection, kind: ResourceKind, user_id: int) -> list[Grant]:
    """Return all that a user was granted on things of a kind."""
    table, of, key, named = _KINDS[kind]
    statement = select(key, table.c.permission).select_from(named).where(table.c.user_id == user_id)
    found = connection.execute(statement.order_by(of))
    return [Grant(Resource(kind, str(name)), user_id, Permission(permission)) for name, permission in found]


def delete_grants(connection: Connection, kind: ResourceKind, user_id: int) -> None:
    """Take back all that a user was granted on things of a kind."""
    table = _KINDS[kind].table
    connection.execute(delete(table).where(table.c.user_id == user_id))


def _first(statement: Prepared, connection: Connection, user_id: int, key: object) -> Granted | None:
    row = statement.first(connection, user_id=user_id, key=key)
    return None if row is None else Granted(row[0])
