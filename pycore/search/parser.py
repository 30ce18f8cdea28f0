"""Turns the text of a filter into a checked tree.

::

    filter     = [clause {AND clause}]
    clause     = identifier comparator value | identifier IS [NOT] NULL
    identifier = [entity "."] key            any part may be quoted
    value      = number | string | "(" string {"," string} ")"
"""

from __future__ import annotations

import re
from collections.abc import Container

from pycore.errors import InvalidInput
from pycore.search.kinds import SearchKind, ValueType
from pycore.search.lexer import Token, TokenType, syntax_error, tokenize
from pycore.search.tree import Clause, Comparator, Entity, Field, Filter, Value

# No number that a database holds is longer; longer ones are read as floats where those are legal.
_INTEGER = re.compile(r"-?[0-9]{1,30}")
#: How a name with a key is mostly written.
_PREFIXES = {Entity.METRIC: "metrics", Entity.PARAM: "params", Entity.TAG: "tags"}
_QUOTED = (TokenType.STRING, TokenType.BACKTICKED)


def parse_filter(text: str | None, kind: SearchKind) -> Filter:
    """Return the clauses of a filter; a blank or absent one has none.

    Raises
    ------
    InvalidInput
        The text breaks the grammar, names what cannot be searched, or compares it with the wrong
        comparator or type of value. The message says where.
    """
    reader = Reader(text or "", kind, "filter string")
    if reader.peek().type is TokenType.END:
        return ()
    clauses = [_clause(reader)]
    while reader.peek().type is not TokenType.END:
        if not reader.peek().is_word("AND"):
            raise reader.error("expected AND between two comparisons", reader.peek())
        reader.next()
        clauses.append(_clause(reader))
    return tuple(clauses)


class Reader:
    """A place in a list of tokens, with what both parsers need: identifiers and errors."""

    def __init__(self, text: str, kind: SearchKind, what: str) -> None:
        self.kind = kind
        self._text = text
        self._what = what
        self._tokens = tokenize(text, what)
        self._index = 0

    def peek(self) -> Token:
        """Return the token at this place."""
        return self._tokens[self._index]

    def next(self) -> Token:
        """Return the token at this place and go on to the following."""
        token = self._tokens[self._index]
        if token.type is not TokenType.END:
            self._index += 1
        return token

    def error(self, problem: str, token: Token) -> InvalidInput:
        """Return the error for what is wrong at a token."""
        got = "the end of the text" if token.type is TokenType.END else repr(token.text)
        return syntax_error(self._text, self._what, token.start, f"{problem}, got {got}")

    def identifier(self) -> tuple[Entity, str, Token]:
        """Read an identifier; return its entity, its key and the token where it begins."""
        first = self.next()
        if first.type is TokenType.WORD:
            word, dot, key = first.text.partition(".")
            if dot and not key and self._touches(first) and self.peek().type in _QUOTED:
                key = self.next().text
            elif dot and (not key or key.isdecimal() or key.endswith(".")):
                raise self.error(
                    "expected a key of letters, digits, _ and dots after the dot, other keys in backticks",
                    first,
                )
        elif first.type in _QUOTED:
            word, dot, key = first.text, "", ""
            following = self.peek()
            if self._touches(first) and following.type is TokenType.WORD and following.text[0] == ".":
                dot, key = ".", self.next().text[1:]
                if not key and self._touches(following) and self.peek().type in _QUOTED:
                    key = self.next().text
                if not key:
                    raise self.error("expected a key after the dot", self.peek())
        else:
            raise self.error("expected the name of a metric, param, tag or attribute", first)
        if not dot:
            return Entity.ATTRIBUTE, word, first
        entity = self.kind.words.get(word)
        if entity is None:
            known = ", ".join(sorted(self.kind.words))
            raise self.error(f"Invalid entity type {word!r}: expected one of {known}", first)
        return entity, key, first

    def _touches(self, token: Token) -> bool:
        return self.peek().start == token.end


def spellings(entities: Container[Entity], key: str) -> str:
    """Return the end of a sentence that names a key as one of each of these entities; "" for none."""
    word = key if key.isidentifier() else f"`{key}`"
    found = [f"{prefix}.{word}" for entity, prefix in _PREFIXES.items() if entity in entities]
    return f", and by {' or '.join(found)}" if found else ""


def _clause(reader: Reader) -> Clause:
    entity, key, first = reader.identifier()
    kind = reader.kind
    if entity is Entity.ATTRIBUTE:
        key = kind.aliases.get(key, key)
        searchable = kind.attributes.get(key)
        if searchable is None:
            known = ", ".join(sorted(kind.attributes))
            meant = spellings(kind.keyed, key)
            raise reader.error(
                f"Invalid attribute key {key!r}: {kind.name} can be filtered by the attributes {known}"
                f"{meant}",
                first,
            )
    else:
        known_keys = kind.keys.get(entity)
        if known_keys is not None and key not in known_keys:
            known = ", ".join(sorted(known_keys))
            raise reader.error(f"Invalid {entity.value} key {key!r}: expected one of {known}", first)
        searchable = kind.keyed[entity]
    at = reader.peek()
    comparator = _comparator(reader)
    if comparator not in searchable.comparators:
        if comparator in (Comparator.IS_NULL, Comparator.IS_NOT_NULL):
            raise reader.error(f"{comparator.value} is only supported for tags and params", at)
        known = " ".join(c.value for c in Comparator if c in searchable.comparators)
        raise reader.error(
            f"{comparator.value} cannot be used with {entity.value} {key!r}: expected one of {known}", at
        )
    return Clause(Field(entity, key), comparator, _value(reader, comparator, searchable.type))


def _comparator(reader: Reader) -> Comparator:
    token = reader.next()
    if token.type is TokenType.COMPARATOR:
        return Comparator(token.text)
    if token.is_word("LIKE", "ILIKE", "IN"):
        return Comparator(token.text.upper())
    if token.is_word("NOT") and reader.peek().is_word("IN"):
        reader.next()
        return Comparator.NOT_IN
    if token.is_word("IS"):
        negated = reader.peek().is_word("NOT")
        if negated:
            reader.next()
        if reader.peek().is_word("NULL"):
            reader.next()
            return Comparator.IS_NOT_NULL if negated else Comparator.IS_NULL
        raise reader.error("expected NULL", reader.peek())
    known = " ".join(c.value for c in Comparator)
    raise reader.error(f"expected one of the comparators {known}", token)


def _value(reader: Reader, comparator: Comparator, value_type: ValueType) -> Value:
    if comparator in (Comparator.IS_NULL, Comparator.IS_NOT_NULL):
        return None
    if comparator in (Comparator.IN, Comparator.NOT_IN):
        return _list(reader)
    token = reader.next()
    integer = _INTEGER.fullmatch(token.text) is not None
    match token.type, value_type:
        case TokenType.STRING, ValueType.TEXT:
            return token.text
        case TokenType.NUMBER, ValueType.NUMBER:
            return int(token.text) if integer else float(token.text)
        case (TokenType.NUMBER, ValueType.INTEGER | ValueType.QUOTABLE_INTEGER) | (
            TokenType.STRING,
            ValueType.QUOTABLE_INTEGER,
        ) if integer:
            return int(token.text)
    raise reader.error(f"expected {value_type.value}", token)


def _list(reader: Reader) -> tuple[str, ...]:
    token = reader.next()
    if not token.is_punctuation("("):
        raise reader.error("expected a list such as ('a', 'b')", token)
    values = []
    while True:
        token = reader.next()
        if token.type is not TokenType.STRING:
            raise reader.error("expected a text in quotes", token)
        values.append(token.text)
        token = reader.next()
        if token.is_punctuation(")"):
            return tuple(values)
        if not token.is_punctuation(","):
            raise reader.error("expected , or ) in the list", token)
