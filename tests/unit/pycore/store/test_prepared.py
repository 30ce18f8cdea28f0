"""Statements that are compiled once are compiled for the server that runs them."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from pycore.store.inserts import upsert
from pycore.store.prepared import Prepared

NUMBERS = Table("numbers", MetaData(), Column("name", Integer, primary_key=True), Column("value", Integer))


class Recorder:
    """A connection to a server of a certain kind that notes what it is sent."""

    def __init__(self, version: tuple[int, ...], is_mariadb: bool) -> None:
        self.dialect = MySQLDialect_pymysql(is_mariadb=is_mariadb)
        self.dialect.server_version_info = version
        # As it finds out when it connects.
        self.dialect._requires_alias_for_on_duplicate_key = not is_mariadb and version >= (8, 0, 20)
        self.texts: list[str] = []

    def exec_driver_sql(self, text: str, arguments: object) -> None:
        self.texts.append(text)


def test_mysql_and_mariadb_are_each_told_in_their_words():
    """One process may write to both: to runs in one, to registered models or an import in the other."""
    statement = Prepared(lambda dialect: upsert(NUMBERS, dialect, "value"))
    mysql, mariadb, older = (
        Recorder((9, 7, 4), is_mariadb=False),
        Recorder((10, 11, 6), is_mariadb=True),
        Recorder((5, 7, 44), is_mariadb=False),
    )
    for connection in (mysql, mariadb, older, mysql):
        statement.execute(connection, name=1, value=2)  # type: ignore[arg-type]
    assert ["AS new ON DUPLICATE KEY" in text for text in mysql.texts] == [True, True]
    for connection in (mariadb, older):
        assert "VALUES(value)" in connection.texts[0]
        assert "AS new" not in connection.texts[0]
