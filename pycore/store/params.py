"""SQL of parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, insert, select

from pycore.entities import Param
from pycore.store.children import MEMBERS, ChildReader
from pycore.store.prepared import Prepared
from pycore.store.tables import HEAD_LENGTH, params

_INSERT = Prepared(lambda _: insert(params))
_OF_RUNS = ChildReader(params, ("key", "value"))
_VALUE = Prepared(
    lambda _: select(params.c.value).where(
        params.c.run_pk == bindparam("run_pk"), params.c.key == bindparam("key")
    )
)
_VALUES = Prepared(
    lambda _: select(params.c.key, params.c.value).where(
        params.c.run_pk == bindparam("run_pk"), params.c.key.in_(MEMBERS)
    )
)


def insert_params(connection: Connection, run_pk: int, experiment_id: int, entries: Iterable[Param]) -> None:
    """Add parameters that the run does not have yet."""
    _INSERT.execute_many(
        connection,
        [
            {
                "run_pk": run_pk,
                "experiment_id": experiment_id,
                "key": entry.key,
                "value": entry.value,
                "value_head": entry.value[:HEAD_LENGTH],
            }
            for entry in entries
        ],
    )


def get_values(connection: Connection, run_pk: int, keys: Sequence[str]) -> dict[str, str]:
    """Return the values that a run has under some of the given keys."""
    if len(keys) == 1:
        row = _VALUE.first(connection, run_pk=run_pk, key=keys[0])
        return {} if row is None else {keys[0]: row[0]}
    if connection.dialect.name == "sqlite":
        rows = _VALUES.rows(connection, run_pk=run_pk, members=json.dumps(keys))
        return {row[0]: row[1] for row in rows}
    statement = select(params.c.key, params.c.value).where(params.c.run_pk == run_pk, params.c.key.in_(keys))
    return {row.key: row.value for row in connection.execute(statement)}


def get_params(connection: Connection, run_pks: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the parameters of several runs, sorted by key."""
    found: dict[int, dict[str, str]] = {run_pk: {} for run_pk in run_pks}
    for run_pk, key, value in _OF_RUNS.read(connection, run_pks):
        found[run_pk][key] = value
    return found
