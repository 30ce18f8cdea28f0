"""SQL of the tags of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from pycore.entities import RunTag
from pycore.store.children import ChildReader
from pycore.store.inserts import upsert
from pycore.store.prepared import Prepared
from pycore.store.tables import HEAD_LENGTH, tags

_SET = Prepared(lambda dialect: upsert(tags, dialect, "value", "value_head"))
_OF_RUNS = ChildReader(tags, ("key", "value"))


def set_tags(connection: Connection, run_pk: int, experiment_id: int, entries: Iterable[RunTag]) -> None:
    """Set or replace tags; the last of equal keys wins."""
    _SET.execute_many(
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


def get_tag(connection: Connection, run_pk: int, key: str) -> str | None:
    """Return the value of a tag."""
    statement = select(tags.c.value).where(tags.c.run_pk == run_pk, tags.c.key == key)
    found: str | None = connection.execute(statement).scalar()
    return found


def get_tags(connection: Connection, run_pks: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the tags of several runs, sorted by key."""
    found: dict[int, dict[str, str]] = {run_pk: {} for run_pk in run_pks}
    for run_pk, key, value in _OF_RUNS.read(connection, run_pks):
        found[run_pk][key] = value
    return found


def delete_tag(connection: Connection, run_pk: int, key: str) -> bool:
    """Remove a tag and return whether it was there."""
    result = connection.execute(delete(tags).where(tags.c.run_pk == run_pk, tags.c.key == key))
    return result.rowcount > 0
