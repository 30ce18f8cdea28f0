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

from pycore.models.columns import Array, Block, Column, Json, Table


def render(result: Block) -> str:
    """Return the JSON text of a model's result."""
    match result:
        case Json():
            return result.text
        case Column():
            rows = _values(result)
        case Table():
            columns = {name: _values(column) for name, column in result.columns.items()}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            if not columns:
                rows = [{} for _ in range(result.n_rows)]
        case Array():
            rows = _finite(result.data).tolist()
    return json.dumps(rows, allow_nan=False)


def predictions(result: Block) -> bytes:
    """Return the body of a reply."""
    return f'{{"predictions": {render(result)}}}'.encode()


def _values(column: Column) -> list[Any]:
    if column.kind == "double" and not np.isfinite(column.data).all():
        lacking = ~np.isfinite(column.data)
        known = lacking if column.missing is None else lacking | column.missing
        return Column("double", column.data, known).to_list()
    return column.to_list()


def _finite(data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array with None in place of NaN and the infinities."""
    if data.dtype.kind != "f":
        return data
    finite = np.isfinite(data)
    if finite.all():
        return data
    # Through float64, since an array of objects keeps numpy's own scalars of other widths.
    with_none = data.astype(np.float64).astype(object)
    with_none[~finite] = None
    return with_none
