"""A signature from the type hints of a predict function."""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pycore.models.data_types import DataType
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


def signature_from_hints(function: Callable[..., Any], parameter: str) -> ModelSignature | None:
    """Return the signature of a function whose parameter is hinted as a list of values of one type.

    Any other hint leaves open what a row is, and the result is None.
    """
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):  # of names that exist for type checkers only
        return None
    inputs = _schema(hints.get(parameter))
    return None if inputs is None else ModelSignature(inputs, _schema(hints.get("return")))


def _schema(hint: Any) -> Schema | None:
    if typing.get_origin(hint) is not list:
        return None
    data_type = _TYPES.get(typing.get_args(hint)[0])
    return None if data_type is None else Schema([ColSpec(data_type)])
