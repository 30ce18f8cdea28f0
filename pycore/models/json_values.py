"""Columns from lists of plain JSON values, by declared type or by what the values are.

The values of a column are converted at once; they are looked at one by one only where some are
written in an unusual way, or to say which of them is at fault. A bare NaN means a missing value
wherever a column has no NaN of its own, and so does the text ``NA`` (as R's jsonlite writes it)
wherever a text cannot be meant.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from pycore.models.columns import DTYPES, Column, Kind
from pycore.models.data_types import AnyType, DataType, ValueType, fits

_INT_BITS = {"integer": 32, "long": 64}
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|nan|inf|infinity)\s*", re.IGNORECASE)
# Python refuses to read very long texts of digits; none of them is an integer of 64 bits.
_WHOLE = re.compile(r"\s*[+-]?\d{1,100}\s*")
_TIME = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?\s*"
)
#: The years whose every day fits into 64 bits of nanoseconds.
_FIRST_YEAR, _LAST_YEAR = 1678, 2261

_NONE = type(None)


class ValueFault(ValueError):
    """One value that does not fit.

    Parameters
    ----------
    row : int
        Counted from 0; the message counts from 1.
    value : object
    expected : str
    """

    def __init__(self, row: int, value: Any, expected: str) -> None:
        super().__init__(f"row {row + 1}: expected {expected}, got {shown(value)}")


def shown(value: Any) -> str:
    """Return a value for a message, cut to a few characters."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def column_from_values(values: Sequence[Any], value_type: ValueType | None = None) -> Column:
    """Build a column from plain JSON values.

    Parameters
    ----------
    values : sequence
        Numbers, truths, texts and None; lists and dicts only for composed types.
    value_type : DataType or composed type, optional
        Without it the kind follows from the values. Bytes stay Base64 texts and values of composed
        types become JSON texts, because a `Column` holds neither.

    Raises
    ------
    ValueFault
        For the first value that does not fit.
    """
    types = set(map(type, values))
    if value_type is not None and not isinstance(value_type, DataType | AnyType):
        return _nested(values, value_type)
    if list in types or dict in types:
        row = next(at for at, value in enumerate(values) if isinstance(value, list | dict))
        raise ValueFault(row, values[row], "a single value")
    if isinstance(value_type, DataType):
        return _CONVERTERS[value_type](values, types)
    return _natural(values, types)


def _natural(values: Sequence[Any], types: set[type]) -> Column:
    """Choose the kind: truths, texts, integers, or numbers; texts do not mix with others."""
    kinds = types - {_NONE}
    if kinds == {bool}:
        return _truths(values, types)
    if str in kinds:
        for row, value in enumerate(values):
            if not _is_absent(value) and not isinstance(value, str):
                raise ValueFault(row, value, "a text, as other rows of the column have")
        return _texts(values, types)
    if kinds == {int}:
        present = [value for value in values if value is not None]
        low, high = min(present), max(present)
        if low >= -(2**31) and high < 2**31:
            return _wholes(values, types, "integer")
        if low >= -(2**63) and high < 2**63:
            return _wholes(values, types, "long")
    return _doubles(values, types)


def _is_absent(value: Any) -> bool:
    return value is None or value != value  # only NaN differs from itself


def _mask(values: Sequence[Any], types: set[type]) -> npt.NDArray[np.bool_] | None:
    if _NONE not in types:
        return None
    return np.fromiter((value is None for value in values), np.bool_, len(values))


def _doubles(values: Sequence[Any], types: set[type]) -> Column:
    if str in types:
        values = [_number(row, value) for row, value in enumerate(values)]
        types = set(map(type, values))
    try:
        data = np.array(values, DTYPES["double"])
    except OverflowError:
        limit = sys.float_info.max
        row = next(at for at, value in enumerate(values) if type(value) is int and abs(value) > limit)
        raise ValueFault(row, values[row], "a number in the range of a double") from None
    return Column("double", data, _mask(values, types))


def _number(row: int, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value == "NA":
        return None
    if _NUMBER.fullmatch(value):
        return float(value)
    raise ValueFault(row, value, "a number")


def _wholes(values: Sequence[Any], types: set[type], kind: Kind) -> Column:
    if not types <= {int, bool, _NONE}:
        values = [_whole(row, value) for row, value in enumerate(values)]
        types = set(map(type, values))
    missing = _mask(values, types)
    filled = values if missing is None else [0 if value is None else value for value in values]
    limit = 2 ** (_INT_BITS[kind] - 1)
    try:
        data = np.array(filled, DTYPES["long"])
        fits_kind = kind == "long" or not len(data) or (data.min() >= -limit and data.max() < limit)
    except OverflowError:
        fits_kind = False
    if not fits_kind:
        row = next(at for at, value in enumerate(filled) if not -limit <= value < limit)
        raise ValueFault(row, values[row], f"an integer of {_INT_BITS[kind]} bits")
    return Column(kind, data.astype(DTYPES[kind], copy=False), missing)


def _whole(row: int, value: Any) -> int | None:
    """Return an integer that may have been written as ``1.0`` or as a text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    number = _number(row, value)
    if _is_absent(number):
        return None
    if isinstance(number, float) and not number.is_integer():
        raise ValueFault(row, value, "an integer")
    return int(number)


def _truths(values: Sequence[Any], types: set[type]) -> Column:
    if not types <= {bool, _NONE}:
        values = [_truth(row, value) for row, value in enumerate(values)]
        types = set(map(type, values))
    missing = _mask(values, types)
    return Column("logical", np.array(values, np.bool_), missing)


def _truth(row: int, value: Any) -> bool | None:
    if _is_absent(value) or value == "NA":
        return None
    found = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else {0: False, 1: True}.get(value)
    if found is None:
        raise ValueFault(row, value, "true or false")
    return found


def _texts(values: Sequence[Any], types: set[type]) -> Column:
    if not types <= {str, _NONE}:
        values = [_text(value) for value in values]
    levels = tuple(text for text in dict.fromkeys(values) if text is not None)
    codes: dict[str | None, int] = {text: code for code, text in enumerate(levels)}
    codes[None] = -1
    data = np.fromiter(map(codes.__getitem__, values), DTYPES["text"], len(values))
    return Column("text", data, levels=levels)


def _text(value: Any) -> str | None:
    """Return a scalar as JSON writes it."""
    if isinstance(value, str):
        return value
    if _is_absent(value):
        return None
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _times(values: Sequence[Any], types: set[type]) -> Column:
    """Read ISO 8601 texts; an offset moves the time to UTC, a time without one is taken as it stands."""
    read = [_time(row, value) for row, value in enumerate(values)]
    texts = [text for text, _ in read]
    try:
        data = np.array(texts, "M8[ns]")
    except ValueError:
        row = next(at for at, text in enumerate(texts) if not _exists(text))
        raise ValueFault(row, values[row], "a date and time that exist") from None
    data -= np.array([minutes for _, minutes in read], "m8[m]")
    missing = np.isnat(data)
    return Column("datetime", data.view(DTYPES["datetime"]), missing if missing.any() else None)


def _time(row: int, value: Any) -> tuple[str, int]:
    """Return a text for numpy and the offset from UTC in minutes."""
    if _is_absent(value) or value == "NA":
        return "NaT", 0
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueFault(row, value, "an ISO 8601 date or time, such as 2024-01-31T12:00:00Z")
    day, time, zone = found.groups()
    if not _FIRST_YEAR <= int(day[:4]) <= _LAST_YEAR:
        raise ValueFault(row, value, f"a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    # Fractions are cut after nine digits: nanoseconds.
    text = f"{day}T{time.replace(',', '.')[:18]}" if time else day
    if zone in (None, "Z"):
        return text, 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return text, int(zone[0] + "1") * (int(digits[:2]) * 60 + int(digits[2:]))


def _exists(text: str) -> bool:
    try:
        np.datetime64(text, "ns")
    except ValueError:
        return False
    return True


def _base64_texts(values: Sequence[Any], types: set[type]) -> Column:
    """Check Base64, line breaks allowed, as MLflow writes it."""
    for row, value in enumerate(values):
        try:
            if value is not None:
                base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError, AttributeError):
            raise ValueFault(row, value, "bytes as Base64") from None
    return _texts(values, types)


def _nested(values: Sequence[Any], value_type: ValueType) -> Column:
    for row, value in enumerate(values):
        if value is not None and not fits(value, value_type):
            raise ValueFault(row, value, f"a value of the type {value_type.to_dict()}")
    texts = [None if value is None else orjson.dumps(value).decode() for value in values]
    return _texts(texts, {str, _NONE})


_CONVERTERS: dict[DataType, Callable[[Sequence[Any], set[type]], Column]] = {
    DataType.boolean: _truths,
    DataType.integer: lambda values, types: _wholes(values, types, "integer"),
    DataType.long: lambda values, types: _wholes(values, types, "long"),
    DataType.float: _doubles,
    DataType.double: _doubles,
    DataType.string: _texts,
    DataType.binary: _base64_texts,
    DataType.datetime: _times,
}
