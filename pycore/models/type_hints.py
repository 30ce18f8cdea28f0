"""What the type hints of a predict function say: a signature, and the classes that its rows become."""

from __future__ import annotations

import logging
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pycore.errors import SignatureMismatch
from pycore.models.data_types import AnyType, ArrayType, DataType, MapType, ObjectType, Property, ValueType
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature

#: Beside a signature in MLmodel: it comes from type hints, so `predict` takes and gives lists.
FROM_TYPE_HINTS = "is_signature_from_type_hint"

_TYPES: dict[Any, DataType] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    datetime: DataType.datetime,
    date: DataType.datetime,
}

_log = logging.getLogger(__name__)


class _NoType(Exception):
    """No type of a signature stands for a hint; the message says why."""


def signature_from_hints(function: Callable[..., Any], parameter: str) -> ModelSignature | None:
    """Return the signature of a function whose parameter is hinted as a list.

    Rows may be of simple types, lists, dicts of texts to one type, and classes of pydantic, in any depth.
    Any other hint leaves open what a row is, and the result is None; a warning tells which hint would say
    it, where the hint is one of rows.
    """
    hints = _hints(function)
    hint = hints.get(parameter)
    if typing.get_origin(hint) is not list:
        if hint in _TYPES or hint in (list, dict) or _is_record(hint):
            _log.warning(
                "the type hint %s of predict says no signature: predict is given many rows, so hint a list "
                "of them, such as list[%s]",
                _name(hint),
                "str" if hint is list else "dict[str, float]" if hint is dict else _name(hint),
            )
        return None
    try:
        inputs = _schema(hint)
    except _NoType as error:
        _log.warning("the type hint %s of predict says no signature: %s", _name(hint), error)
        return None
    try:
        outputs = _schema(hints["return"]) if typing.get_origin(hints.get("return")) is list else None
    except _NoType:
        outputs = None
    return ModelSignature(inputs, outputs)


def reader_of_hints(function: Callable[..., Any], parameter: str) -> Callable[[Any], Any] | None:
    """Return what makes a list of plain values the objects that a parameter is hinted to take.

    None where the values are what is asked for, which is so without classes of pydantic.
    """
    hint: Any = _hints(function).get(parameter)
    if typing.get_origin(hint) is not list or not _holds_record(hint):
        return None
    import pydantic  # whoever hints with its classes has it

    adapter = pydantic.TypeAdapter(hint)

    def read(values: Any) -> Any:
        if not isinstance(values, list):
            return values
        try:
            return adapter.validate_python(values)
        except pydantic.ValidationError as error:
            faults = "; ".join(_fault(each["loc"], each["msg"]) for each in error.errors())
            raise SignatureMismatch(f"The rows do not fit {_name(hint)}: {faults}.") from error

    return read


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):  # of names that exist for type checkers only
        return {}


def _schema(hint: Any) -> Schema:
    (row,) = typing.get_args(hint) or (Any,)
    return Schema([ColSpec(_type(row))])


def _type(hint: Any) -> ValueType:
    if hint in _TYPES:
        return _TYPES[hint]
    if hint is Any:
        return AnyType()
    if _is_record(hint):
        return ObjectType(tuple(_property(name, field) for name, field in hint.model_fields.items()))
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return ArrayType(_type(parts[0]))
    if origin is dict and parts[0] is str:
        return MapType(_type(parts[1]))
    if origin is typing.Literal and len({type(value) for value in parts}) == 1:
        return _type(type(parts[0]))
    if origin in (typing.Union, types.UnionType):
        if type(None) in parts:
            raise _NoType("only a field of a pydantic class may be missing")
        return AnyType()
    if hint in (list, dict):
        raise _NoType(
            f"say what is in a {_name(hint)}, as in {'list[str]' if hint is list else 'dict[str, float]'}"
        )
    raise _NoType(f"{_name(hint)} has no type in signatures")


def _property(name: str, field: Any) -> Property:
    """Return an entry of a pydantic class; what may be left out or None is optional."""
    parts = typing.get_args(field.annotation)
    is_optional = (
        typing.get_origin(field.annotation) in (typing.Union, types.UnionType) and type(None) in parts
    )
    present = [part for part in parts if part is not type(None)]
    hint = field.annotation
    if is_optional:
        hint = present[0] if len(present) == 1 else Any
    return Property(field.alias or name, _type(hint), required=field.is_required() and not is_optional)


def _is_record(hint: Any) -> bool:
    # Of pydantic, which is not loaded for models that do without.
    return isinstance(hint, type) and hasattr(hint, "model_fields") and hasattr(hint, "model_validate")


def _holds_record(hint: Any) -> bool:
    return _is_record(hint) or any(_holds_record(part) for part in typing.get_args(hint))


def _name(hint: Any) -> str:
    is_plain = isinstance(hint, type) and not typing.get_args(hint)
    return hint.__name__ if is_plain else str(hint).replace("typing.", "")


def _fault(place: tuple[Any, ...], message: str) -> str:
    row, *below = place
    inside = f", {'.'.join(map(str, below))}" if below else ""
    return f"item {row + 1}{inside}: {message[:1].lower()}{message[1:]}"
