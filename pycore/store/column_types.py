"""Column types that mean the same in every database.

Text is compared and sorted byte by byte everywhere, as SQLite does by itself: keys are case sensitive and
orders do not depend on the server's locale.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine


def short_text(length: int) -> TypeEngine[str]:
    """Return the type of a text that an index may hold."""
    return (
        String(length)
        .with_variant(String(length, collation="C"), "postgresql")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
    )


def long_text() -> TypeEngine[str]:
    """Return the type of a text of any length."""
    return (
        Text()
        .with_variant(Text(collation="C"), "postgresql")
        .with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
    )


def row_number() -> TypeEngine[int]:
    """Return the type of a key the database counts up; SQLite does so for INTEGER alone."""
    return BigInteger().with_variant(Integer(), "sqlite")
