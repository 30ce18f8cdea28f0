"""Inserts that know what to do about a row that exists, in each database's own words.

SQLite and PostgreSQL word it alike. MySQL has one form for all of it, ``ON DUPLICATE KEY UPDATE``, whose
assignments take effect one after the other: a later one sees what an earlier one wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Executable, Table, bindparam, case, insert, tuple_
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection

if TYPE_CHECKING:
    from sqlalchemy.dialects import mysql, postgresql


def insert_numbered(table: Table, dialect: str, number: str) -> Executable:
    """Return an insert of a row without its number, which the database counts up; see `Prepared.insert`."""
    names = [column.name for column in table.c if column.name != number]
    statement = insert(table).values({name: bindparam(name) for name in names})
    return statement.returning(table.c[number]) if dialect == "postgresql" else statement


def insert_or_ignore(table: Table, dialect: str) -> Executable:
    """Return an insert that does nothing where the row's key exists already."""
    if dialect == "mysql":
        # INSERT IGNORE would also ignore values that do not fit.
        key, *_ = table.primary_key.columns
        return _mysql_insert(table).on_duplicate_key_update([(key.name, key)])
    return _insert(table, dialect).on_conflict_do_nothing()


def upsert(table: Table, dialect: str, *columns: str) -> Executable:
    """Return an insert of a row that, where its key exists already, replaces the given columns."""
    if dialect == "mysql":
        values = _mysql_insert(table)
        return values.on_duplicate_key_update([(column, values.inserted[column]) for column in columns])
    statement = _insert(table, dialect)
    return statement.on_conflict_do_update(
        index_elements=[*table.primary_key.columns],
        set_={column: statement.excluded[column] for column in columns},
    )


def upsert_higher(table: Table, dialect: str, rank: Sequence[str], *columns: str) -> Executable:
    """Return an insert of a row that replaces the one of its key if it ranks higher.

    Parameters
    ----------
    rank : sequence of str
        Columns that rows are ranked by, the one that counts most first.
    columns : str
        Further columns to replace.
    """
    if dialect == "mysql":
        values = _mysql_insert(table)
        new = values.inserted
        new_rank, old_rank = _tuple(new, rank), _tuple(table.c, rank)
        # The columns of the rank are written last, the one that counts least first: until the row is
        # whole, a new one that ranks higher is then at least equal to it, and stays so.
        conditions = [(name, new_rank > old_rank) for name in columns]
        conditions += [(name, new_rank >= old_rank) for name in reversed(rank)]
        return values.on_duplicate_key_update(
            [(name, case((condition, new[name]), else_=table.c[name])) for name, condition in conditions]
        )
    statement = _insert(table, dialect)
    return statement.on_conflict_do_update(
        index_elements=[*table.primary_key.columns],
        set_={name: statement.excluded[name] for name in (*rank, *columns)},
        where=_tuple(statement.excluded, rank) > _tuple(table.c, rank),
    )


def _tuple(columns: ReadOnlyColumnCollection[str, Any], names: Sequence[str]) -> ColumnElement[Any]:
    return tuple_(*(columns[name] for name in names))


# The dialects of other databases take time and memory that a server on SQLite has no use for.


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def _mysql_insert(table: Table) -> mysql.Insert:
    from sqlalchemy.dialects import mysql

    return mysql.insert(table)
