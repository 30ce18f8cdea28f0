"""JSON text: values to bytes and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from pycore.errors import InvalidInput

JsonObject: TypeAlias = dict[str, Any]


def dumps(value: object) -> bytes:
    """Return a value as JSON text in UTF-8.

    Raises
    ------
    InvalidInput
        It holds what the protocol cannot carry: an integer of more than 64 bits, broken Unicode.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise InvalidInput(f"This cannot be sent as JSON: {error}.") from error


def loads(text: bytes) -> Any:
    """Return the value of a JSON text.

    Bare ``NaN`` and ``Infinity`` are read as well, because clients send them.

    Raises
    ------
    InvalidInput
        The text is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" in text or b"Infinity" in text:
            return _loads_with_bare_numbers(text)
        raise InvalidInput(f"The text is not JSON: {error}.") from error


def _loads_with_bare_numbers(text: bytes) -> Any:
    try:
        value = json.loads(text)
        # Half a surrogate pair passes the reader of the standard library and breaks every writer.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The text is not JSON: {error}.") from error
    return value


def number_to_json(value: float) -> float | str:
    """Return a double as the protocol sends it: NaN and the infinities as text."""
    if math.isfinite(value):
        return float(value)
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def without_absent(fields: Mapping[str, object]) -> JsonObject:
    """Return the fields that have something to say: None and empty lists are left out."""
    return {
        name: value
        for name, value in fields.items()
        if value or (value is not None and not isinstance(value, (list, tuple)))
    }


def page_to_json(field: str, items: Sequence[JsonObject], token: str | None) -> JsonObject:
    """Return the reply of a search: one page and, unless it is the last, the token of the next."""
    return without_absent({field: list(items), "next_page_token": token})


def list_to_stream(field: str, pages: Iterable[Sequence[JsonObject]]) -> Iterator[bytes]:
    """Yield the JSON text of an object with one list, of which only a page is in memory at a time.

    Parameters
    ----------
    field : str
        Name of the list.
    pages : iterable of sequences of JSON objects
        What the list has, in order.
    """
    text = b'{"' + field.encode() + b'":['
    for page in pages:
        yield text + dumps(page)[1:-1]
        text = b","
    yield b"]}"


def next_page_token(reply: Mapping[str, Any]) -> str | None:
    """Return the token of the page after this reply, None on the last page."""
    return reply.get("next_page_token") or None
