"""Statements of the hot paths, compiled to SQL text once per kind of database.

Building, caching and running a statement in SQLAlchemy costs many times what SQLite needs for the work
itself, so SQLite's driver gets the text directly. Databases behind a network keep SQLAlchemy in between,
which knows a lost connection when it sees one; the way there costs more than it does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Executable
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
        self._compiled: dict[Hashable, _Compiled] = {}

    def execute(self, connection: Connection, **values: Any) -> None:
        """Run the statement with one set of values."""
        self._run(connection, values)

    def execute_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once per set of values; nothing for none."""
        if rows:
            text, names = self._compile(connection)
            arguments = [_arguments(names, row) for row in rows]
            if connection.dialect.name == "sqlite":
                driver_of(connection).executemany(text, arguments)
            else:
                connection.exec_driver_sql(text, arguments)

    def insert(self, connection: Connection, **values: Any) -> int:
        """Run an `insert_numbered` and return the number that the row was given."""
        result = self._run(connection, values)
        return int(result.lastrowid if connection.dialect.name != "postgresql" else result.scalar_one())

    def rows(self, connection: Connection, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows that the statement finds."""
        return cast("Sequence[tuple[Any, ...]]", self._run(connection, values).fetchall())

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """Return the first row that the statement finds, if any."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        text, names = self._compile(connection)
        arguments = _arguments(names, values)
        if connection.dialect.name == "sqlite":
            return driver_of(connection).execute(text, arguments)
        return connection.exec_driver_sql(text, arguments)

    def _compile(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        kind = dialect.name if dialect.name != "mysql" else _kind_of_mysql(dialect)
        compiled = self._compiled.get(kind)
        if compiled is None:
            # Threads that come here together make the same text; the last one stays.
            statement = cast(Any, self._build(dialect.name))
            compiler = cast(SQLCompiler, statement.compile(dialect=dialect))
            compiled = self._compiled[kind] = _Compiled(str(compiler), compiler.positiontup)
        return compiled


class _Compiled(NamedTuple):
    text: str
    #: Parameters in the order of the text; None where they stand in it by name.
    names: list[str] | None


def _kind_of_mysql(dialect: Any) -> Hashable:
    """Tell MySQL from MariaDB, and old from new: each words upserts its own way."""
    return dialect.is_mariadb, dialect.server_version_info


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection to an SQLite database."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def _arguments(names: list[str] | None, values: Mapping[str, Any]) -> Any:
    return dict(values) if names is None else tuple([values[name] for name in names])
