"""Rows of plain numbers, read from JSON text without a Python object for each.

Large bodies mostly hold nothing else, and making objects of their numbers takes longer than scoring
them. Everything unusual is left to the general reader, and so is every fault, which it can name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import simdjson

from pycore.models.columns import DTYPES, Column
from pycore.models.data_types import DataType
from pycore.models.schema import Schema

#: Smaller bodies are read as quickly by the general reader.
LEAST_BYTES = 16_384

#: What simdjson raises for text that is not JSON, numbers beyond its types, and values of other types.
_UNREADABLE = (ValueError, RuntimeError, TypeError)
_NUMBERS = frozenset({DataType.double, DataType.float})


def columns_from_split(body: bytes, schema: Schema | None) -> dict[str, Column] | None:
    """Read a JSON body that is ``dataframe_split`` with columns and rows of numbers, and nothing else.

    Returns
    -------
    dict of str to Column
        Just what the general reader would make of the body; None where that is not certain.
    """
    if len(body) < LEAST_BYTES:
        return None
    try:
        request: Any = simdjson.Parser().parse(body)
        split = request["dataframe_split"]
        if len(request) > 1 or set(split) != {"columns", "data"} or len(split) > 2:
            return None
        # A fourth bracket beside those of the names, the table and its rows is one too many.
        brackets = body.count(b"[") - 2
        return _columns(split["columns"].as_list(), split["data"], brackets, schema)
    except (*_UNREADABLE, KeyError, AttributeError):
        return None


def columns_from_csv(body: bytes, schema: Schema | None) -> dict[str, Column] | None:
    """Read a CSV body of a header line and lines of numbers; otherwise as `columns_from_split`."""
    header, _, lines = body.partition(b"\n")
    if len(lines) < LEAST_BYTES or b'"' in header or b"[" in lines or b"]" in lines:
        return None
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    rows = lines.rstrip(b"\n").replace(b"\n", b"],[")
    try:
        names = header.removesuffix(b"\r").decode().split(",")
        table: Any = simdjson.Parser().parse(b"[[%b]]" % rows)
        return None if "" in names else _columns(names, table, len(table), schema)
    except _UNREADABLE:
        return None


def _columns(
    names: Sequence[Any], rows: Any, brackets: int, schema: Schema | None
) -> dict[str, Column] | None:
    n_rows = len(rows)
    if brackets != n_rows or set(map(type, names)) != {str} or set(map(len, rows)) != {len(names)}:
        return None
    cells = np.frombuffer(rows.as_buffer(of_type="d"), DTYPES["double"])
    data = np.ascontiguousarray(cells.reshape(n_rows, len(names)).T)
    columns = {name: Column("double", values) for name, values in zip(names, data, strict=True)}
    return columns if len(columns) == len(names) and _are_doubles(columns, schema) else None


def _are_doubles(columns: dict[str, Column], schema: Schema | None) -> bool:
    """Return whether these columns of numbers are doubles to the general reader as well."""
    if schema is not None:
        return all(spec.type in _NUMBERS for spec in schema.columns) and not schema.is_tensor_spec()
    # A column of whole numbers may have been written as integers.
    return not any((column.data == np.trunc(column.data)).all() for column in columns.values())
