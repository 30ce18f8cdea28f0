"""What a Python caller hands to a model whose predict takes a list: its items, held to their type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import SignatureMismatch
from pycore.models.data_types import ArrayType, DataType, MapType, ObjectType, ValueType, fits
from pycore.models.schema import Schema

_MOST_FAULTS = 10


def enforce_list(data: Any, schema: Schema) -> list[Any]:
    """Return the items of a list.

    Parameters
    ----------
    data : list, tuple, Series, ndarray or DataFrame
        A frame of several columns holds a record in each row.
    schema : Schema
        One column without a name, from the type hint of `predict`.

    Raises
    ------
    SignatureMismatch
        It is no list, or items are not of their type; the message names each of them.
    """
    (column,) = schema.columns
    items = [_plain(item) for item in _items(data, column.type)]
    faults = [
        f"item {at}: {fault}" for at, item in enumerate(items, 1) for fault in _faults(item, column.type)
    ]
    if faults:
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        shown = "; ".join(faults[:_MOST_FAULTS])
        raise SignatureMismatch(f"The items do not fit the type hint of the model's predict: {shown}{more}.")
    return items


def _items(data: Any, kind: ValueType) -> list[Any]:
    if isinstance(data, pd.DataFrame):
        if isinstance(kind, ObjectType | MapType) and not (data.shape[1] == 1 and _holds_mappings(data)):
            return [_without_gaps(row) for row in data.to_dict("records")]
        if data.shape[1] != 1:
            raise SignatureMismatch(
                f"The model's predict takes a list; a DataFrame must have one column, not {data.shape[1]}."
            )
        return list(data.iloc[:, 0])
    if isinstance(data, pd.Series | np.ndarray | list | tuple):
        return list(data)
    raise SignatureMismatch(f"The model's predict takes a list, not a {type(data).__name__}.")


def _holds_mappings(data: pd.DataFrame) -> bool:
    return len(data) > 0 and isinstance(data.iloc[0, 0], Mapping)


def _without_gaps(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a row of a frame, where a record without a key has NaN under it."""
    return {key: value for key, value in row.items() if not (isinstance(value, float) and math.isnan(value))}


def _plain(value: Any) -> Any:
    """Return a value as Python's own types; an object of pydantic as what it was made from."""
    if hasattr(value, "model_dump"):
        return value.model_dump(by_alias=True)
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def _faults(value: Any, kind: ValueType, place: str = "") -> Iterator[str]:
    """Yield what is wrong with a value; of records and lists, each part by itself."""
    if isinstance(kind, ObjectType) and isinstance(value, Mapping):
        for part in kind.properties:
            inside = f"{place}{part.name}: "
            if value.get(part.name) is not None:
                yield from _faults(value[part.name], part.dtype, inside)
            elif part.required:
                yield f"{inside}missing"
    elif isinstance(kind, ArrayType) and isinstance(value, list | tuple):
        for at, item in enumerate(value, 1):
            yield from _faults(item, kind.dtype, f"{place}[{at}]: ")
    elif isinstance(kind, MapType) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _faults(item, kind.value_type, f"{place}{key}: ")
    elif value is None or not _is_of(value, kind):
        yield f"{place}expected {_called(kind)}, got {value!r:.60}"


def _is_of(value: Any, kind: ValueType) -> bool:
    # What JSON has no form for comes from Python callers as it is.
    if kind is DataType.binary and isinstance(value, bytes | bytearray):
        return True
    return (kind is DataType.datetime and isinstance(value, date)) or fits(value, kind)


def _called(kind: ValueType) -> str:
    if isinstance(kind, DataType):
        return f"a {kind}"
    return (
        "a list"
        if isinstance(kind, ArrayType)
        else "a dict"
        if isinstance(kind, ObjectType | MapType)
        else "a value"
    )
