"""What a Python caller hands to `predict`, held to a model's signature.

Stricter than requests over HTTP, because a DataFrame says what its types are: an integer may stand for
a number with a fraction and a smaller type for a larger one, as long as no value changes; nothing else
is converted. Every fault is named in one message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types

from pycore.errors import SignatureMismatch
from pycore.models.data_types import ArrayType, DataType, MapType, ObjectType, ValueType
from pycore.models.pandas_blocks import frame_from_mapping
from pycore.models.schema import ColSpec, Schema, TensorSpec

_log = logging.getLogger(__name__)


def enforce_input(data: Any, schema: Schema | None) -> Any:
    """Return the input in the form and types that the schema asks for.

    Parameters
    ----------
    data : DataFrame, Series, ndarray, dict, list or scalar
        For columns anything that makes a frame: a dict of columns or of single values, a list of
        records, rows without names if their number fits.
    schema : Schema, optional
        Without it the data are returned as they are.

    Returns
    -------
    DataFrame, ndarray, dict of ndarray, or the data themselves

    Raises
    ------
    SignatureMismatch
        Names everything that does not fit.
    """
    if schema is None:
        return data
    if schema.is_tensor_spec():
        return _enforce_tensors(data, schema)
    return _enforce_frame(_as_frame(data, schema), schema)


def _as_frame(data: Any, schema: Schema) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, pd.Series):
        named: pd.DataFrame = data.to_frame(schema.input_names()[0] if data.name is None else data.name)
        return named
    if isinstance(data, Mapping):
        return frame_from_mapping(data)
    if hasattr(data, "toarray"):
        data = data.toarray()
    if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
        records: pd.DataFrame = pd.DataFrame.from_records([dict(row) for row in data])
        return records
    rows = data if isinstance(data, np.ndarray) else _rows(data)
    if rows.ndim < 2 and len(schema) == 1:
        rows = rows.reshape(-1, 1)
    if rows.ndim != 2 or rows.shape[1] < len(schema.required_input_names()) or rows.shape[1] > len(schema):
        raise SignatureMismatch(
            f"The model takes {len(schema)} columns ({_named(schema.input_names())}); an array of shape "
            f"{rows.shape} does not have them. Give a DataFrame, or rows of that length."
        )
    named_rows: pd.DataFrame = pd.DataFrame(rows, columns=schema.input_names()[: rows.shape[1]])
    inferred: pd.DataFrame = named_rows.infer_objects()
    return inferred


def _rows(data: Any) -> npt.NDArray[Any]:
    rows = np.array(data, dtype=object)
    numbers = np.array(data) if rows.ndim else rows
    return numbers if numbers.dtype.kind in "fiub" else rows


def _enforce_frame(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    if _fits_already(frame, schema):
        return frame
    faults: list[str] = []
    found: list[tuple[Any, Any, ColSpec]]
    if schema.has_input_names():
        twice = [name for name in frame.columns[frame.columns.duplicated()] if name in schema.input_names()]
        if twice:
            faults.append(f"column {_named(twice)} more than once")
        missing = [name for name in schema.required_input_names() if name not in frame.columns]
        if missing:
            extra = [name for name in frame.columns if name not in schema.input_names()]
            besides = f" (besides the signature: {_named(extra)})" if extra else ""
            faults.append(f"missing column{'s' * (len(missing) > 1)} {_named(missing)}{besides}")
        present = [spec for spec in schema.columns if spec.name in frame.columns and spec.name not in twice]
        found = [(spec.name, frame[spec.name], spec) for spec in present]
    else:
        if frame.shape[1] < len(schema):
            faults.append(f"{len(schema)} columns expected, {frame.shape[1]} given")
        by_position = [frame.iloc[:, at] for at in range(min(frame.shape[1], len(schema)))]
        found = [
            (series.name, series, spec) for series, spec in zip(by_position, schema.columns, strict=False)
        ]
    columns: list[Any] = []
    for name, series, spec in found:
        fitted = _fit(series, spec.type)
        if isinstance(fitted, str):
            faults.append(f"column {name!r}: expected {fitted}, got {series.dtype}")
        else:
            columns.append(fitted)
    if faults:
        raise SignatureMismatch(f"The data do not fit the model's signature: {'; '.join(faults)}.")
    if len(found) == frame.shape[1] and all(
        fitted is series and name == own
        for fitted, (name, series, _), own in zip(columns, found, frame.columns, strict=True)
    ):
        # Its layout in memory decides the last digit of a matrix product, so it stays the caller's.
        return frame
    fitting: pd.DataFrame = pd.DataFrame(dict(enumerate(columns)), index=frame.index)
    fitting.columns = pd.Index([name for name, _, _ in found])
    return fitting


def _fits_already(frame: pd.DataFrame, schema: Schema) -> bool:
    """Tell at a glance that a frame has the columns of a signature, in its order and its very types."""
    if not schema.has_input_names() or frame.shape[1] != len(schema):
        return False
    exact = [_EXACT.get(spec.type) if isinstance(spec.type, DataType) else None for spec in schema.columns]
    # Not `None in exact`: numpy takes None for the type of doubles.
    return (
        all(dtype is not None for dtype in exact)
        and frame.columns.tolist() == schema.input_names()
        and frame.dtypes.tolist() == exact
    )


def _fit(series: Any, value_type: ValueType) -> Any:
    """Return the column in its type, or what would have been expected."""
    if isinstance(value_type, DataType):
        return _FITTERS[value_type](series)
    expected: dict[type, tuple[type, ...]] = {
        ArrayType: (list, tuple, np.ndarray),
        ObjectType: (Mapping,),
        MapType: (Mapping,),
    }
    classes = expected.get(type(value_type), (object,))
    if all(isinstance(value, classes) for value in series if value is not None):
        return series
    return f"values of the type {value_type.to_dict()}"


def _natural(series: Any) -> Any:
    """Give objects of one type that type."""
    if series.dtype != object:
        return series
    inferred = pandas_types.infer_dtype(series, skipna=True)
    if inferred in ("integer", "boolean") and series.isna().any():
        return series.astype("Int64" if inferred == "integer" else "boolean")
    if inferred in ("floating", "mixed-integer-float", "decimal", "empty"):
        return series.astype("float64")
    return series.infer_objects()


def _fit_boolean(series: Any) -> Any:
    natural = _natural(series)
    return series if pandas_types.is_bool_dtype(natural) else "true or false"


def _fit_whole(bits: int) -> Callable[[Any], Any]:
    dtype = f"int{bits}"

    def fit(series: Any) -> Any:
        natural = _natural(series)
        if pandas_types.is_float_dtype(natural) and natural.isna().any():
            return f"integers of {bits} bits (missing ones need the pandas type Int{bits}, not NaN)"
        if not pandas_types.is_integer_dtype(natural):
            return f"integers of {bits} bits"
        present = natural.dropna()
        limit = 2 ** (bits - 1)
        if len(present) and not (int(present.min()) >= -limit and int(present.max()) < limit):
            return f"integers of {bits} bits"
        if natural.isna().any():
            return natural.astype(pd.Int32Dtype() if bits == 32 else pd.Int64Dtype())
        return natural if natural.dtype == dtype else natural.astype(dtype)

    return fit


def _fit_number(dtype: str) -> Callable[[Any], Any]:
    size = np.dtype(dtype).itemsize

    def fit(series: Any) -> Any:
        natural = _natural(series)
        if pandas_types.is_bool_dtype(natural) or not pandas_types.is_numeric_dtype(natural):
            return "numbers"
        found: Any = natural.dtype
        if pandas_types.is_float_dtype(natural) and found.itemsize > size:
            return "numbers of 32 bits, as the model's type float has; convert with astype('float32')"
        if natural.dtype == dtype:
            return natural
        return pd.Series(natural.to_numpy(dtype, na_value=np.nan), series.index)

    return fit


def _fit_text(series: Any) -> Any:
    dtype: Any = series.dtype
    values = dtype.categories if isinstance(dtype, pd.CategoricalDtype) else series
    inferred = pandas_types.infer_dtype(values, skipna=True)
    return series if inferred in ("string", "empty") else "texts"


def _fit_binary(series: Any) -> Any:
    return series if pandas_types.infer_dtype(series, skipna=True) in ("bytes", "empty") else "bytes"


def _fit_time(series: Any) -> Any:
    if pandas_types.infer_dtype(series, skipna=True) not in ("datetime64", "datetime", "date", "empty"):
        return "dates or times"
    times = pd.to_datetime(series)
    if getattr(times.dtype, "tz", None) is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.astype("datetime64[ns]")


#: Types whose values need no look when a column is of them.
_EXACT: Mapping[DataType, np.dtype[Any]] = {
    DataType.boolean: np.dtype("bool"),
    DataType.integer: np.dtype("int32"),
    DataType.long: np.dtype("int64"),
    DataType.float: np.dtype("float32"),
    DataType.double: np.dtype("float64"),
}

_FITTERS: dict[DataType, Callable[[Any], Any]] = {
    DataType.boolean: _fit_boolean,
    DataType.integer: _fit_whole(32),
    DataType.long: _fit_whole(64),
    DataType.float: _fit_number("float32"),
    DataType.double: _fit_number("float64"),
    DataType.string: _fit_text,
    DataType.binary: _fit_binary,
    DataType.datetime: _fit_time,
}


def _enforce_tensors(data: Any, schema: Schema) -> Any:
    if not schema.has_input_names():
        return _fit_tensor(data, schema.tensors[0], "the input")
    if isinstance(data, pd.DataFrame):
        data = {name: np.stack(data[name].to_list()) for name in data.columns}
    if not isinstance(data, Mapping):
        raise SignatureMismatch(
            f"The model takes a dict of arrays {_named(schema.input_names())}, not a {type(data).__name__}."
        )
    missing = [name for name in schema.input_names() if name not in data]
    if missing:
        raise SignatureMismatch(f"The data do not fit the model's signature: missing {_named(missing)}.")
    return {spec.name: _fit_tensor(data[spec.name], spec, repr(spec.name)) for spec in schema.tensors}


def _fit_tensor(data: Any, spec: TensorSpec, name: str) -> Any:
    sparse = hasattr(data, "toarray")
    array = data if sparse else data.to_numpy() if isinstance(data, pd.DataFrame) else np.asarray(data)
    if len(array.shape) != len(spec.shape) or any(
        want not in (-1, have) for want, have in zip(spec.shape, array.shape, strict=True)
    ):
        raise SignatureMismatch(f"{name} must have the shape {spec.shape}, not {array.shape}.")
    wanted = np.dtype(spec.type)
    if wanted.kind in "USO" or array.dtype == wanted:
        return array
    if not np.can_cast(array.dtype, wanted, "safe"):
        raise SignatureMismatch(f"{name} must be an array of {spec.type}, not of {array.dtype}.")
    return array.astype(wanted)


def _named(names: Any) -> str:
    return ", ".join(repr(name) for name in names)
