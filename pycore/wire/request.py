"""The arguments of a request, read tolerantly.

R clients send every scalar as text, round numbers in scientific form and truth as ``"TRUE"``; old
Python clients send ids under two names. All of it means what it says. What cannot be read is refused
with the name of the field; nothing is guessed or silently replaced by a default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, TypeVar, overload

from pycore.errors import InvalidInput
from pycore.wire.encoding import JsonObject, loads

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=IntEnum)

_INT64 = range(-(2**63), 2**63)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_REQUIRED: Any = object()


class Arguments:
    """The fields of a request body, of a query string, or of one item of a list among them.

    Each reader takes the field's name and, for a field that may be absent, a default. ``null`` is the
    same as absent, and so is an empty text where the field is required.

    Parameters
    ----------
    fields : mapping
        Names and JSON values; lists of texts for a query.
    path : str
        What stands before the names in messages, for example ``metrics[0].``.
    is_query : bool
        Whether each value is a list of all texts given for its name.
    """

    def __init__(self, fields: Mapping[str, Any], path: str = "", is_query: bool = False) -> None:
        self._fields = fields
        self._path = path
        self._is_query = is_query

    @classmethod
    def from_body(cls, body: bytes) -> Arguments:
        """Read a request body: a JSON object, no body at all, or text that holds a JSON object."""
        if not body.strip():
            return cls({})
        value = loads(body)
        if isinstance(value, str):
            value = loads(value.encode())
        if not isinstance(value, dict):
            raise InvalidInput(f"The request body must be a JSON object, not a {_kind(value)}.")
        return cls(value)

    @classmethod
    def from_query(cls, fields: Mapping[str, Sequence[str]]) -> Arguments:
        """Read a query string, given as all texts per name."""
        return cls(fields, is_query=True)

    def replaced(self, **fields: Any) -> Arguments:
        """Return the same fields but for the given ones, lists in either case."""
        return Arguments({**self._fields, **fields}, self._path, self._is_query)

    @overload
    def text(self, name: str) -> str: ...
    @overload
    def text(self, name: str, default: D) -> str | D: ...
    def text(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a text."""
        return self._read(name, default, _as_text)

    @overload
    def identifier(self, name: str) -> str: ...
    @overload
    def identifier(self, name: str, default: D) -> str | D: ...
    def identifier(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return an id or a version number, which may come as a number, as text."""
        return self._read(name, default, _as_identifier)

    @overload
    def integer(self, name: str) -> int: ...
    @overload
    def integer(self, name: str, default: D) -> int | D: ...
    def integer(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a 64-bit integer; ``"1e+05"`` is one."""
        return self._read(name, default, _as_integer)

    @overload
    def number(self, name: str) -> float: ...
    @overload
    def number(self, name: str, default: D) -> float | D: ...
    def number(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a double; NaN and the infinities in any spelling."""
        return self._read(name, default, _as_number)

    @overload
    def truth(self, name: str) -> bool: ...
    @overload
    def truth(self, name: str, default: D) -> bool | D: ...
    def truth(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a truth value; R's ``"TRUE"`` is one."""
        return self._read(name, default, _as_truth)

    @overload
    def choice(self, name: str, choices: type[E]) -> E: ...
    @overload
    def choice(self, name: str, choices: type[E], default: D) -> E | D: ...
    def choice(self, name: str, choices: type[E], default: Any = _REQUIRED) -> Any:
        """Return a member of an enumeration, given by name in any case or by number."""
        return self._read(name, default, lambda value: _as_choice(value, choices))

    def run_id(self) -> str:
        """Return the required id of a run, given as ``run_id`` or under its first name, ``run_uuid``."""
        return self.text("run_id", None) or self.text("run_uuid", None) or self.text("run_id")

    def page_token(self) -> str | None:
        """Return the token of the page asked for; an empty one asks for the first page."""
        return self.text("page_token", None) or None

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty when absent."""
        return [_converted(value, _as_text, place) for place, value in self._places(name)]

    def identifiers(self, name: str) -> list[str]:
        """Return a list of ids, which may come as numbers, as texts; empty when absent."""
        return [_converted(value, _as_identifier, place) for place, value in self._places(name)]

    def object(self, name: str) -> Arguments:
        """Return a required object, to be read in its turn."""
        return Arguments(self._read(name, _REQUIRED, _as_object), f"{self._path}{name}.")

    def items(self, name: str) -> list[Arguments]:
        """Return a list of objects, each to be read in its turn; empty when absent."""
        return [
            Arguments(_converted(value, _as_object, place), f"{place}.")
            for place, value in self._places(name)
        ]

    def pairs(self, name: str, make: Callable[[str, str], T]) -> list[T]:
        """Return a list of `make(key, value)`; a pair without a value has an empty one."""
        return [item.pair(make) for item in self.items(name)]

    def pair(self, make: Callable[[str, str], T]) -> T:
        """Return `make(key, value)` of the fields of these names."""
        return make(self.text("key"), self.text("value", ""))

    def _read(self, name: str, default: Any, convert: Callable[[Any], Any]) -> Any:
        value = self._fields.get(name)
        if self._is_query:
            value = value[-1] if value else None
        if value is None or (value == "" and default is _REQUIRED):
            if default is _REQUIRED:
                raise InvalidInput(f"Missing value for required parameter '{self._path}{name}'.")
            return default
        try:
            return convert(value)
        except ValueError as error:
            raise _unreadable(value, error, f"{self._path}{name}") from error

    def _places(self, name: str) -> Iterator[tuple[str, Any]]:
        values = self._fields.get(name)
        if values is None:
            return
        place = f"{self._path}{name}"
        if not isinstance(values, list):
            raise InvalidInput(
                f"Invalid value for parameter '{place}': expected a list, got {_shown(values)}."
            )
        for index, value in enumerate(values):
            yield f"{place}[{index}]", value


def _converted(value: Any, convert: Callable[[Any], T], place: str) -> T:
    try:
        return convert(value)
    except ValueError as error:
        raise _unreadable(value, error, place) from error


def _unreadable(value: Any, error: ValueError, place: str) -> InvalidInput:
    return InvalidInput(f"Invalid value for parameter '{place}': expected {error}, got {_shown(value)}.")


# The converters raise ValueError with what they expected.


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _as_identifier(value: Any) -> str:
    return value if isinstance(value, str) else str(_as_integer(value))


def _as_integer(value: Any) -> int:
    if type(value) is int and value in _INT64:
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        raise ValueError("an integer")
    decimal = Decimal(value)
    # The range comes first: turning 1e9999 into an integer takes long.
    if not decimal.is_finite() or not _INT64[0] <= decimal <= _INT64[-1]:
        raise ValueError("an integer of 64 bits")
    if decimal != decimal.to_integral_value():
        raise ValueError("an integer")
    return int(decimal)


def _as_number(value: Any) -> float:
    is_text = isinstance(value, str) and (_DECIMAL.fullmatch(value) or _NOT_FINITE.fullmatch(value))
    if not is_text and not isinstance(value, (int, float)):
        raise ValueError("a number")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number within the range of a double") from error


def _as_truth(value: Any) -> bool:
    if value in (0, 1) and not isinstance(value, str):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("true or false")


def _as_choice(value: Any, choices: type[E]) -> E:
    try:
        if isinstance(value, str) and not _DECIMAL.fullmatch(value):
            return choices[value.upper()]
        return choices(_as_integer(value))
    except (KeyError, ValueError):
        raise ValueError("one of " + ", ".join(choice.name for choice in choices)) from None


def _as_object(value: Any) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("an object")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _kind(value: Any) -> str:
    return {list: "list", str: "string", bool: "truth value", type(None): "null"}.get(type(value), "number")
