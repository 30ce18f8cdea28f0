"""Pairs of key and value: the tags of every noun, and the parameters of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from pycore.wire.encoding import JsonObject

T = TypeVar("T")


class Pair(Protocol):
    """What a tag of any noun and a parameter have in common."""

    @property
    def key(self) -> str:
        """Name within its owner."""

    @property
    def value(self) -> str:
        """Any text, also an empty one."""


def to_json(pair: Pair) -> JsonObject:
    """Return a tag or parameter as JSON; also the fields of a request that sets it."""
    return {"key": pair.key, "value": pair.value}


def list_to_json(pairs: Iterable[Pair]) -> list[JsonObject]:
    """Return tags or parameters as a JSON list."""
    return [{"key": pair.key, "value": pair.value} for pair in pairs]


def list_from_json(items: Iterable[Mapping[str, Any]] | None, make: Callable[[str, str], T]) -> list[T]:
    """Return `make(key, value)` of each item of a JSON list."""
    return [make(item["key"], item.get("value", "")) for item in items or ()]


def mapping_to_json(pairs: Mapping[str, str]) -> list[JsonObject]:
    """Return tags kept by key as a JSON list."""
    return [{"key": key, "value": value} for key, value in pairs.items()]


def mapping_from_json(items: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return the tags of a JSON list by key."""
    return {item["key"]: item.get("value", "") for item in items or ()}
