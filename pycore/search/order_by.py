"""Turns the entries of an order_by list into an order without ties."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.errors import InvalidInput
from pycore.search.kinds import SearchKind
from pycore.search.lexer import TokenType
from pycore.search.parser import Reader, spellings
from pycore.search.tree import Entity, Field, Order, Sort


def parse_order_by(entries: Sequence[str], kind: SearchKind) -> Order:
    """Return the order that the entries and the kind's tie-breakers make together.

    Parameters
    ----------
    entries : sequence of str
        Each an identifier, alone or followed by ASC or DESC.

    Raises
    ------
    InvalidInput
        An entry breaks this form, names what cannot be sorted by, or repeats a field.
    """
    if not entries:
        return kind.default_order
    order: list[Sort] = []
    for entry in entries:
        sort = _sort(entry, kind)
        if any(sort.field == earlier.field for earlier in order):
            raise InvalidInput(
                f"The order_by list {list(entries)} contains duplicate fields: {sort.field.key!r} is there "
                "twice; name each field once."
            )
        order.append(sort)
    given = {sort.field for sort in order}
    return (*order, *(sort for sort in kind.tie_break if sort.field not in given))


def _sort(entry: str, kind: SearchKind) -> Sort:
    reader = Reader(entry, kind, "order_by")
    entity, key, first = reader.identifier()
    if entity is Entity.ATTRIBUTE:
        if key not in kind.sortable:
            known = ", ".join(sorted(kind.sortable))
            meant = spellings(kind.sortable_entities, key)
            raise reader.error(
                f"Invalid attribute key {key!r}: {kind.name} can be ordered by {known}{meant}", first
            )
        key = kind.sortable[key]
    elif entity not in kind.sortable_entities:
        raise reader.error(f"{kind.name} cannot be ordered by a {entity.value}", first)
    ascending = True
    token = reader.next()
    if token.is_word("ASC", "DESC"):
        ascending = token.text.upper() == "ASC"
        token = reader.next()
    if token.type is not TokenType.END:
        raise reader.error("expected one field and ASC, DESC or nothing", token)
    return Sort(Field(entity, key), ascending)
