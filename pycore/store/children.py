"""Reading what belongs to many runs at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, bindparam, func, select

from pycore.store.prepared import Prepared

#: One statement has room for about this many row numbers in every database.
CHUNK = 10_000

#: In SQLite, the members of the parameter `members`, a JSON list: one statement for any count of them.
MEMBERS = select(func.json_each(bindparam("members", type_=String)).table_valued("value").c.value)


def among(column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of several numbers.

    They become text of the statement: databases limit the count of parameters more than the length.
    """
    if len(numbers) == 1:
        return column == numbers[0]
    return column.in_(bindparam(None, list(numbers), expanding=True, literal_execute=True))


class ChildReader:
    """Reads columns of a table for given runs, sorted by run and key.

    Parameters
    ----------
    table : Table
        With the columns run_pk and key.
    columns : sequence of str
        Returned after run_pk.
    """

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        run_pk = table.c.run_pk
        self._run_pk = run_pk
        self._select = select(run_pk, *(table.c[name] for name in columns)).order_by(run_pk, table.c.key)
        self._of_one = Prepared(lambda _: self._select.where(run_pk == bindparam("run_pk")))
        self._of_listed = Prepared(lambda _: self._select.where(run_pk.in_(MEMBERS)))

    def read(self, connection: Connection, run_pks: Sequence[int]) -> Sequence[Sequence[Any]]:
        """Return the rows of the runs."""
        if len(run_pks) == 1:
            return self._of_one.rows(connection, run_pk=run_pks[0])
        if connection.dialect.name == "sqlite":
            return self._of_listed.rows(connection, members=json.dumps(run_pks))
        chunks = [run_pks[start : start + CHUNK] for start in range(0, len(run_pks), CHUNK)]
        selects = [self._select.where(among(self._run_pk, chunk)) for chunk in chunks]
        return [row for statement in selects for row in connection.execute(statement)]
