"""Column types that mean the same in every database.

Text is compared and sorted by its code points everywhere, as SQLite does by itself: keys are case
sensitive, spaces at their end count, and orders do not depend on the server's locale.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


def short_text(length: int) -> TypeEngine[str]:
    """Return the type of a text that an index may hold."""
    return (
        String(length)
        .with_variant(String(length, collation="C"), "postgresql")
        .with_variant(_MysqlText(length), "mysql")
    )


def long_text() -> TypeEngine[str]:
    """Return the type of a text of any length."""
    return Text().with_variant(Text(collation="C"), "postgresql").with_variant(_MysqlText(), "mysql")


def row_number() -> TypeEngine[int]:
    """Return the type of a key the database counts up; SQLite does so for INTEGER alone."""
    return BigInteger().with_variant(Integer(), "sqlite")


class _MysqlText(TypeDecorator[str]):
    """Text under the collation that ignores nothing, which MySQL and MariaDB name differently."""

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        self._length = length
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # Nobody else should load it: it takes time and memory that a server on SQLite has no use for.
        from sqlalchemy.dialects import mysql

        collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        if self._length is None:
            return mysql.LONGTEXT(charset="utf8mb4", collation=collation)
        return mysql.VARCHAR(self._length, charset="utf8mb4", collation=collation)
