"""Rows of plain numbers, read from JSON text without a Python object for each.

Large bodies mostly hold nothing else, and making objects of their numbers takes longer than scoring
them. Everything unusual is left to the general reader, and so is every fault, which it can name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import simdjson

from pycore.models.columns import DTYPES, Column
from pycore.models.data_types import DataType
from pycore.models.schema import Schema

#: Smaller bodies are read as quickly by the general reader.
LEAST_BYTES = 2_048
#: More rows would pay for being looked at cell by cell.
_FEW_ROWS = 16

#: What simdjson raises for text that is not JSON, numbers beyond its types, and values of other types.
_UNREADABLE = (ValueError, RuntimeError, TypeError)
#: What numbers are written with, and the spaces beside them.
_NUMBERS_IN_TEXT = b"0123456789+-.eE "
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
        names, rows = split["columns"].as_list(), split["data"]
        # Brackets beside those of the names, the table and its rows are too many.
        brackets = np.count_nonzero(np.frombuffer(body, np.uint8) == ord("["))
        if brackets != 2 + len(rows) or set(map(len, rows)) != {len(names)}:
            return None
        return _doubles(_columns(names, _cells(rows)), schema)
    except (*_UNREADABLE, KeyError, AttributeError):
        return None


def columns_from_rows(
    names: Sequence[Any], rows: Sequence[Sequence[Any]], schema: Schema | None
) -> dict[str, Column] | None:
    """Return a few rows of doubles as columns, by one call for all; otherwise as `columns_from_split`.

    Parameters
    ----------
    names : sequence
    rows : sequence of sequences
        Each as long as `names`.
    schema : Schema, optional
    """
    if not 0 < len(rows) <= _FEW_ROWS or not _takes_doubles(schema):
        return None
    if any(type(cell) is not float for row in rows for cell in row):
        return None
    return _columns(names, np.array(rows, DTYPES["double"]))


def columns_from_csv(body: bytes, schema: Schema | None) -> dict[str, Column] | None:
    """Read a CSV body of a header line and lines of numbers; otherwise as `columns_from_split`."""
    header, _, lines = body.partition(b"\n")
    lines = lines.rstrip(b"\r\n")
    if len(lines) < LEAST_BYTES or b'"' in header:
        return None
    try:
        names = header.removesuffix(b"\r").decode().split(",")
        end = b"\r\n" if header.endswith(b"\r") else b"\n"
        line = b"," * (len(names) - 1) + end
        # What is left without the numbers tells whether every line has as many as there are names.
        marks = lines.translate(None, _NUMBERS_IN_TEXT) + end
        if "" in names or marks != line * (len(marks) // len(line)):
            return None
        # A carriage return is a space to JSON.
        numbers: Any = simdjson.Parser().parse(b"[%b]" % lines.replace(b"\n", b","))
        return _doubles(_columns(names, _cells(numbers)), schema)
    except _UNREADABLE:
        return None


def _columns(names: Sequence[Any], cells: npt.NDArray[np.float64]) -> dict[str, Column] | None:
    """Return the columns of numbers that lie row by row; None where their names are none."""
    if set(map(type, names)) != {str}:
        return None
    data = np.ascontiguousarray(cells.reshape(-1, len(names)).T)
    columns = {name: Column("double", values) for name, values in zip(names, data, strict=True)}
    return columns if len(columns) == len(names) else None


def _cells(numbers: Any) -> npt.NDArray[np.float64]:
    """Return all numbers of an array, or of arrays, of `simdjson`."""
    return np.frombuffer(numbers.as_buffer(of_type="d"), DTYPES["double"])


def _doubles(columns: dict[str, Column] | None, schema: Schema | None) -> dict[str, Column] | None:
    """Return the columns if they are doubles to the general reader as well."""
    if columns is None or not _takes_doubles(schema):
        return None
    # Without schema, a column of whole numbers may have been written as integers.
    if schema is None and any(_are_whole(column.data) for column in columns.values()):
        return None
    return columns


def _are_whole(data: npt.NDArray[np.float64]) -> bool:
    few = data[:_FEW_ROWS]
    # Mostly the first of them tell.
    return bool((few == np.trunc(few)).all() and (data == np.trunc(data)).all())


def _takes_doubles(schema: Schema | None) -> bool:
    if schema is None:
        return True
    return not schema.is_tensor_spec() and all(spec.type in _NUMBERS for spec in schema.columns)
