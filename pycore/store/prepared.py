"""Statements of the hot paths, compiled to SQL text once per kind of database.

Building and caching a statement in SQLAlchemy costs several times what SQLite needs to run it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement whose parameters alone change.

    Parameters
    ----------
    build : callable
        Makes the statement for a dialect, given by its name, with named bind parameters.
    """

    def __init__(self, build: Callable[[str], Executable]) -> None:
        self._build = build
        self._compiled: dict[str, SQLCompiler] = {}

    def execute(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Run the statement with one set of values."""
        compiled = self._compile(connection)
        return connection.exec_driver_sql(str(compiled), _arguments(compiled, values))

    def execute_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once per set of values; nothing for none."""
        if rows:
            compiled = self._compile(connection)
            connection.exec_driver_sql(str(compiled), [_arguments(compiled, row) for row in rows])

    def _compile(self, connection: Connection) -> SQLCompiler:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            # Threads that come here together make the same text; the last one stays.
            statement = cast(Any, self._build(dialect.name))
            compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
            self._compiled[dialect.name] = compiled
        return compiled


def _arguments(compiled: SQLCompiler, values: Mapping[str, Any]) -> Any:
    if compiled.positiontup is None:
        return dict(values)
    return tuple([values[name] for name in compiled.positiontup])
