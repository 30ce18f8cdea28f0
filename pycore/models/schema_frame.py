"""A table as the frame that a Python model was trained on: what only a signature tells of its types."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pandas as pd

from pycore.errors import SignatureMismatch
from pycore.models.columns import Table
from pycore.models.data_types import AnyType, DataType, ValueType
from pycore.models.pandas_blocks import frame_from_table
from pycore.models.schema import ColSpec, Schema


def frame_for_schema(table: Table, schema: Schema | None) -> pd.DataFrame:
    """Return a table as a frame in the types and names of a schema.

    Parameters
    ----------
    table : Table
        Columns of the schema, as `pycore.models.enforce` made them.
    schema : Schema, optional

    Raises
    ------
    SignatureMismatch
        Required integers or truths are missing, which numpy cannot say; names every such column.
    """
    frame = frame_from_table(table)
    if schema is None or schema.is_tensor_spec():
        return frame
    if all(spec.type is DataType.double and isinstance(spec.name, str) for spec in schema.columns):
        return frame
    names = {str(name): name for name in schema.input_names()}
    by_name = {str(name): spec for name, spec in zip(schema.input_names(), schema.columns, strict=True)}
    found = {name: frame[name] for name in table.columns}
    columns: dict[Any, pd.Series[Any]] = {}
    faults = []
    for name, series in found.items():
        try:
            columns[names[name]] = _in_type(series, by_name[name])
        except SignatureMismatch as error:
            faults.append(f"column {name!r} {error.message}")
    if faults:
        raise SignatureMismatch(f"The rows do not fit the model's signature: {'; '.join(faults)}.")
    if all(columns.get(name) is series for name, series in found.items()):
        return frame  # the common case: a second frame costs as much as the first
    typed: pd.DataFrame = pd.DataFrame(columns, index=frame.index)
    return typed


def _in_type(series: pd.Series[Any], spec: ColSpec) -> pd.Series[Any]:
    if spec.type is DataType.float:
        return series.astype(np.float32)
    if spec.type in (DataType.integer, DataType.long, DataType.boolean) and series.isna().any():
        if spec.required:
            raise SignatureMismatch(
                f"must not have missing values: numpy has none for {spec.type}; "
                "declare it double or optional in the signature"
            )
        # What pandas itself makes of such a column.
        return series.astype(object if spec.type is DataType.boolean else np.float64)
    decode = _decoder(spec.type)
    if decode is None:
        return series
    return pd.Series([None if pd.isna(text) else decode(text) for text in series], dtype=object)


def _decoder(value_type: ValueType) -> Callable[[str], Any] | None:
    """Return how a text of `pycore.models.json_values` becomes the value it stands for."""
    if value_type is DataType.binary:
        return base64.b64decode
    return None if isinstance(value_type, DataType | AnyType) else orjson.loads
