"""LIKE and ILIKE as the filter language means them, in each database.

``%`` stands for any characters, ``_`` for one; there is no escape character, and the pattern covers the
whole value. LIKE is case sensitive, ILIKE follows Unicode.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sqlalchemy import ColumnElement, Text, collate, func, type_coerce

_GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})


def like(column: ColumnElement[str], pattern: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column matches a pattern."""
    if dialect == "sqlite":
        # SQLite's own LIKE ignores the case of ASCII letters.
        return column.bool_op("GLOB")(pattern.translate(_GLOB))
    return column.like(pattern.replace("\\", "\\\\"))


def ilike(column: ColumnElement[str], pattern: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column matches a pattern in any case."""
    if dialect == "sqlite":
        return func.matches_ignoring_case(pattern, column) == 1
    if dialect == "mysql":
        return column.ilike(pattern.replace("\\", "\\\\"))
    # The columns' own collation, C, knows the case of ASCII letters alone.
    return type_coerce(collate(column, "default"), Text()).ilike(pattern.replace("\\", "\\\\"))


def fixed_prefix(pattern: str) -> str:
    """Return what every match of a LIKE pattern begins with."""
    return re.split("[%_]", pattern, maxsplit=1)[0]


def matches_ignoring_case(pattern: str, value: str | None) -> bool | None:
    """Return whether a value matches an ILIKE pattern; the function SQLite calls."""
    return None if value is None else _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    translated = "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(translated, re.IGNORECASE | re.DOTALL)
