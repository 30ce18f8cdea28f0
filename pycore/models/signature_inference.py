"""A signature from example data: the types of columns, tensors and params.

What no type describes (mixed objects, unsigned 64-bit or complex numbers, repeated column names) makes
the whole input one unnamed column of type any, as MLflow does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types

from pycore.errors import InvalidInput
from pycore.models.data_types import AnyType, ArrayType, DataType, ObjectType, Property, ValueType
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec

_NUMPY_TYPES = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), DataType.integer),
    **dict.fromkeys(("int64", "uint32"), DataType.long),
    **dict.fromkeys(("float16", "float32"), DataType.float),
    "float64": DataType.double,
    "bool": DataType.boolean,
}

_INFERRED_TYPES = {
    "string": DataType.string,
    "bytes": DataType.binary,
    "boolean": DataType.boolean,
    "integer": DataType.long,
    "floating": DataType.double,
    "mixed-integer-float": DataType.double,
    "decimal": DataType.double,
    "date": DataType.datetime,
    "datetime": DataType.datetime,
    "datetime64": DataType.datetime,
}

_SCALAR_TYPES: tuple[tuple[type | tuple[type, ...], DataType], ...] = (
    ((bool, np.bool_), DataType.boolean),
    ((np.int8, np.int16, np.int32, np.uint8, np.uint16), DataType.integer),
    ((int, np.int64, np.uint32), DataType.long),
    ((np.float16, np.float32), DataType.float),
    ((float, Decimal), DataType.double),
    (str, DataType.string),
    ((bytes, bytearray), DataType.binary),
    ((date, np.datetime64), DataType.datetime),
)


class _NoType(Exception):
    """No type of a signature describes the data."""


def infer_schema(data: Any) -> Schema:
    """Return the schema of an input or output.

    Parameters
    ----------
    data : DataFrame, Series, ndarray, dict of arrays, sparse matrix, scalar, list or dict
        A dict of single values is one row, a list of dicts are rows.
    """
    try:
        return Schema(_specs(data))
    except _NoType:
        return Schema([ColSpec(AnyType())])


def infer_param_schema(params: Mapping[str, Any]) -> ParamSchema:
    """Return the schema of params from their defaults.

    Raises
    ------
    InvalidInput
        No type describes a default; it names the param.
    """
    return ParamSchema(_param(name, value) for name, value in params.items())


def _specs(data: Any) -> Iterable[ColSpec | TensorSpec]:
    if isinstance(data, pd.DataFrame):
        return _frame_columns(data)
    if isinstance(data, pd.Series):
        name = data.name if data.name is None else _column_name(data.name)
        return [ColSpec(_series_type(data), name, required=name is None or not data.isna().any())]
    if isinstance(data, np.ndarray) or hasattr(data, "toarray"):
        return [_tensor(data)]
    if isinstance(data, Mapping):
        if data and all(isinstance(value, np.ndarray) for value in data.values()):
            return [_tensor(value, str(name)) for name, value in data.items()]
        return _record_columns([data])
    if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
        return _record_columns(data)
    return [ColSpec(_common_type(data) if isinstance(data, list | tuple) else _value_type(data))]


def _tensor(data: Any, name: str | None = None) -> TensorSpec:
    if not data.shape:
        raise _NoType
    return TensorSpec(data.dtype, (-1, *data.shape[1:]), name)


def _frame_columns(frame: pd.DataFrame) -> list[ColSpec]:
    if not len(frame.columns) or not frame.columns.is_unique:
        raise _NoType
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    return [
        ColSpec(_series_type(column), _column_name(name), required=not column.isna().any())
        for name, column in zip(frame.columns, columns, strict=True)
    ]


def _column_name(name: Any) -> str | int:
    return int(name) if isinstance(name, int | np.integer) and not isinstance(name, bool) else str(name)


def _series_type(series: pd.Series[Any]) -> ValueType:
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _series_type(pd.Series(dtype.categories))
    if pandas_types.is_datetime64_any_dtype(dtype):
        return DataType.datetime
    if isinstance(dtype, pd.StringDtype):
        return DataType.string
    numpy_dtype = getattr(dtype, "numpy_dtype", dtype)  # of a nullable type
    if isinstance(numpy_dtype, np.dtype) and numpy_dtype.kind != "O":
        try:
            return _NUMPY_TYPES[numpy_dtype.name]
        except KeyError:
            raise _NoType from None
    present = series[series.notna()]
    if len(present) and isinstance(present.iloc[0], list | tuple | np.ndarray | Mapping):
        return _common_type(present)
    if not len(present):
        return AnyType()
    try:
        return _INFERRED_TYPES[pandas_types.infer_dtype(present)]
    except KeyError:
        raise _NoType from None


def _record_columns(records: Iterable[Mapping[Any, Any]]) -> list[ColSpec]:
    merged = _object_type(list(records))
    if not merged.properties:
        raise _NoType
    return [ColSpec(part.dtype, part.name, part.required) for part in merged.properties]


def _object_type(records: list[Mapping[Any, Any]]) -> ObjectType:
    """Return the type of several objects; what some lack, or have as None, is optional."""
    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(str(name), []).append(value)
    parts = []
    for name, found in values.items():
        present = [value for value in found if value is not None]
        value_type = _common_type(present) if present else AnyType()
        parts.append(Property(name, value_type, required=len(present) == len(records)))
    return ObjectType(tuple(parts))


def _common_type(values: Iterable[Any]) -> ValueType:
    present = [value for value in values if value is not None]
    if not present:
        raise _NoType
    if all(isinstance(value, Mapping) for value in present):
        return _object_type(present)
    if all(isinstance(value, list | tuple | np.ndarray) for value in present):
        return ArrayType(_common_type(item for value in present for item in value))
    types = {_value_type(value) for value in present}
    if types == {DataType.long, DataType.double}:
        return DataType.double
    if len(types) > 1:
        raise _NoType
    return types.pop()


def _value_type(value: Any) -> ValueType:
    if isinstance(value, Mapping):
        return _object_type([value])
    if isinstance(value, list | tuple | np.ndarray):
        return ArrayType(_common_type(value))
    for classes, data_type in _SCALAR_TYPES:
        if isinstance(value, classes):
            return data_type
    raise _NoType


def _param(name: str, value: Any) -> ParamSpec:
    listed = isinstance(value, list | tuple | np.ndarray)
    try:
        value_type = _common_type(value) if listed else _value_type(value)
    except _NoType:
        raise InvalidInput(
            f"param {name!r} has the default {value!r:.60}, for which a signature has no type; "
            "give a number, truth, text, time, dict, or a list of one of these"
        ) from None
    return ParamSpec(name, value_type, value, (-1,) if listed else None)
