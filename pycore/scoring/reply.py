"""Replies: from what a model returned to the JSON text a caller gets.

One element per row: values for a column, records for a table, rows of numbers for an array; the shape
never depends on how many rows there are. Numbers are the shortest texts that read back to the same
bits. NaN and the infinities are null, because JSON has no word for them.

References
----------
MLflow scoring protocol, response.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from pycore.models.columns import Array, Block, Column, Json, Table


def render(result: Block) -> bytes:
    """Return the JSON text of a model's result."""
    match result:
        case Json():
            return result.text.encode()
        case Column(kind="double"):
            missing = result.missing
            return _numbers(result.data if missing is None else np.where(missing, np.nan, result.data))
        case Array():
            return _numbers(result.data)
        case Column():
            rows = result.to_list()
        case Table():
            columns = {name: _values(column) for name, column in result.columns.items()}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            if not columns:
                rows = [{} for _ in range(result.n_rows)]
    return json.dumps(rows, allow_nan=False).encode()


def predictions(result: Block) -> bytes:
    """Return the body of a reply."""
    return b'{"predictions": %b}' % render(result)


def _values(column: Column) -> list[Any]:
    if column.kind == "double" and not np.isfinite(column.data).all():
        lacking = ~np.isfinite(column.data)
        known = lacking if column.missing is None else lacking | column.missing
        return Column("double", column.data, known).to_list()
    return column.to_list()


def _numbers(data: npt.NDArray[Any]) -> bytes:
    """Return the text of an array, null for NaN and the infinities, without a Python object per number."""
    if data.dtype.kind == "f":
        # Other widths would be written with fewer digits than the numbers have as doubles.
        data = data.astype(np.float64, copy=False)
    text = orjson.dumps(np.ascontiguousarray(data), option=orjson.OPT_SERIALIZE_NUMPY)
    return text.replace(b",", b", ")
