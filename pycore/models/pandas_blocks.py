"""Typed data from pandas and numpy, and back; the pandas column of the table at `Column`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types

from pycore.errors import InvalidInput
from pycore.models.columns import CODED, DTYPES, Array, Block, Column, Kind, Table


def block_from_python(data: Any) -> Block:
    """Turn what a Python caller hands to a model into typed data.

    Parameters
    ----------
    data : DataFrame, Series, ndarray, sparse matrix, list, dict or scalar
        A dict is columns by name, of lists or of single values (one row); a list holds records, rows
        of numbers or single values.

    Returns
    -------
    Table
        For frames, dicts and records.
    Array
        For arrays and rows of numbers or truths.
    Column
        For series, lists of single values, and arrays of texts or times.

    Raises
    ------
    InvalidInput
        A type nobody carries, or a column that mixes types; it names the column.
    """
    if hasattr(data, "toarray"):  # a sparse matrix of SciPy
        data = data.toarray()
    if isinstance(data, pd.DataFrame):
        return _table(data)
    if isinstance(data, pd.Series):
        return column_from_series(data, _label(data.name))
    if isinstance(data, Mapping):
        return _table(frame_from_mapping(data))
    if isinstance(data, np.ndarray):
        return _from_array(data)
    if isinstance(data, list | tuple):
        return _from_list(data)
    return _from_list([data])


def frame_from_mapping(data: Mapping[Any, Any]) -> pd.DataFrame:
    """Return a frame from columns by name; single values make one row.

    Raises
    ------
    InvalidInput
        The columns differ in length.
    """
    listed = {name: values if _is_column(values) else [values] for name, values in data.items()}
    lengths = {name: len(values) for name, values in listed.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(f"The columns differ in length ({lengths}); each needs one value per row.")
    frame: pd.DataFrame = pd.DataFrame(listed)
    return frame


def column_from_series(series: pd.Series[Any], name: str = "") -> Column:
    """Turn a pandas column into typed data.

    Parameters
    ----------
    series : Series
        Of any numpy, nullable, text, category or datetime type, or of objects of one type.
    name : str
        For messages.

    Raises
    ------
    InvalidInput
        The type has no counterpart, or the objects are of several types.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        levels = tuple(str(level) for level in dtype.categories)
        codes = series.cat.codes.to_numpy(DTYPES["factor"])
        return Column("ordered" if dtype.ordered else "factor", codes, levels=levels)
    if pandas_types.is_bool_dtype(dtype) and not _is_object(dtype):
        return _masked("logical", series)
    if pandas_types.is_integer_dtype(dtype):
        return _integers(series, name)
    if pandas_types.is_float_dtype(dtype):
        if isinstance(dtype, np.dtype):
            return Column("double", series.to_numpy(DTYPES["double"]))
        return _masked("double", series)
    if pandas_types.is_datetime64_any_dtype(dtype):
        return _times(series, name)
    if isinstance(dtype, pd.StringDtype):
        return _texts(series)
    if _is_object(dtype):
        return _objects(series, name)
    raise InvalidInput(f"Column {name!r} has the type {dtype}, which no model here can take.")


def frame_from_table(table: Table) -> pd.DataFrame:
    """Return a frame; missing integers and truths make nullable columns, missing doubles NaN."""
    columns = [_series_values(column) for column in table.columns.values()]
    # A view each, because a model may name it; what pandas finds out about the names stays with all.
    names = _index(tuple(table.columns)).view()
    frame: pd.DataFrame
    if columns and all(column.kind == "double" for column in table.columns.values()):
        frame = pd.DataFrame(np.stack(columns).T, columns=names, copy=False)
    else:
        frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(table.n_rows))
        if columns:
            frame.columns = names
    return frame


@lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> pd.Index[Any]:
    """Return names as pandas keeps them; kept, because making and checking them takes longer than a frame."""
    index: pd.Index[Any] = pd.Index(names)
    return index


def python_from_block(block: Block) -> Any:
    """Return what a Python caller gets from a model.

    Returns
    -------
    ndarray
        For arrays, and for columns that numpy holds whole: numbers (missing doubles as NaN), truths,
        texts (objects, None where missing), dates and times.
    pandas array
        For factors, times with a zone, and integers or truths of which some are missing.
    DataFrame
        For tables.
    object
        What a JSON text says.
    """
    match block:
        case Table():
            return frame_from_table(block)
        case Array():
            return block.data
        case Column(kind="date"):
            days = block.data.astype("M8[D]")
            if block.missing is not None:
                days[block.missing] = np.datetime64("NaT")
            return days
        case Column():
            return _series_values(block)
        case _:
            return json.loads(block.text)


def base64_text(data: bytes | bytearray) -> str:
    """Return bytes as one line of Base64."""
    return base64.b64encode(data).decode("ascii")


def _label(name: Any) -> str:
    return "" if name is None else str(name)


def _is_object(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _is_column(values: Any) -> bool:
    return isinstance(values, Sequence | np.ndarray | pd.Series | pd.Index) and not isinstance(
        values, str | bytes
    )


def _table(frame: pd.DataFrame) -> Table:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"The columns {', '.join(map(repr, twice))} occur more than once.")
    columns = {name: column_from_series(frame.iloc[:, at], name) for at, name in enumerate(names)}
    return Table(columns, len(frame))


def _from_array(data: npt.NDArray[Any]) -> Block:
    if data.dtype.kind in "fiub":
        return Array(np.atleast_1d(data))
    if data.ndim == 1:
        return column_from_series(pd.Series(data))
    raise InvalidInput(
        f"An array of {data.dtype} with {data.ndim} dimensions cannot be passed to a model; "
        "give a DataFrame, with one type per column."
    )


def _from_list(data: Sequence[Any]) -> Block:
    if data and all(isinstance(row, Mapping) for row in data):
        return _table(pd.DataFrame.from_records([dict(row) for row in data]))
    if data and all(isinstance(row, list | tuple | np.ndarray) for row in data):
        try:
            return _from_array(np.array(data))
        except ValueError as error:
            raise InvalidInput("The rows differ in length; an array needs rows of equal length.") from error
    return column_from_series(pd.Series(list(data), dtype=None if data else "float64"))


def _masked(kind: Kind, series: pd.Series[Any]) -> Column:
    """Read a numpy or nullable column, whose missing values become the mask."""
    missing = series.isna().to_numpy()
    if not missing.any():
        return Column(kind, series.to_numpy(DTYPES[kind]))
    return Column(kind, series.to_numpy(DTYPES[kind], na_value=0), missing)


def _integers(series: pd.Series[Any], name: str) -> Column:
    dtype: Any = series.dtype
    numpy_dtype = np.dtype(getattr(dtype, "numpy_dtype", dtype))  # of a nullable type
    if numpy_dtype == np.uint64 and series.max() >= 2**63:
        raise InvalidInput(f"Column {name!r} has integers of 2**63 and above; convert them to float or text.")
    small = numpy_dtype.itemsize < 4 or numpy_dtype == np.int32
    return _masked("integer" if small else "long", series)


def _times(series: pd.Series[Any], name: str) -> Column:
    zone = getattr(series.dtype, "tz", None)
    utc = series.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else series
    try:
        data = utc.astype("datetime64[ns]").to_numpy()
    except pd.errors.OutOfBoundsDatetime as error:
        raise InvalidInput(f"Column {name!r} has a time outside of the years 1678 to 2261.") from error
    missing = np.isnat(data)
    return Column(
        "datetime",
        data.view(DTYPES["datetime"]),
        missing if missing.any() else None,
        zone="" if zone is None else str(zone),
    )


def _texts(series: pd.Series[Any]) -> Column:
    codes, levels = pd.factorize(series)
    return Column("text", codes.astype(DTYPES["text"]), levels=tuple(str(level) for level in levels))


def _objects(series: pd.Series[Any], name: str) -> Column:
    inferred = pandas_types.infer_dtype(series, skipna=True)
    match inferred:
        case "string":
            return _texts(series)
        case "empty":
            return Column("double", np.full(len(series), np.nan), np.ones(len(series), np.bool_))
        case "boolean":
            return _masked("logical", series.astype("boolean"))
        case "integer":
            try:
                return _masked("long", series.astype("Int64"))
            except OverflowError as error:
                raise InvalidInput(f"Column {name!r} has integers of more than 64 bits.") from error
        case "floating" | "mixed-integer-float" | "decimal":
            return _masked("double", series.astype("Float64"))
        case "date":
            return _dates(series)
        case "datetime" | "datetime64":
            return _times(pd.Series(pd.to_datetime(series)), name)
        case "bytes":
            return Column.of_texts(None if pd.isna(value) else base64_text(value) for value in series)
        case _:
            raise InvalidInput(
                f"Column {name!r} holds objects of several types ({inferred}); convert it to one type first."
            )


def _dates(series: pd.Series[Any]) -> Column:
    missing = series.isna().to_numpy()
    days = np.array([None if gone else day for day, gone in zip(series, missing, strict=True)], "M8[D]")
    data = np.where(missing, 0, days.view(np.int64)).astype(DTYPES["date"])
    return Column("date", data, missing if missing.any() else None)


def _series_values(column: Column) -> Any:
    """Return the array, of numpy or pandas, that holds the values of a column."""
    missing = column.missing
    if column.kind in CODED:
        if column.kind == "text":
            return np.array([*column.levels, None], dtype=object)[column.data]
        dtype = pd.CategoricalDtype(list(column.levels), ordered=column.kind == "ordered")
        return pd.Categorical.from_codes(column.data, dtype=dtype)
    if column.kind == "date":
        days = column.data.astype("M8[D]").astype(object)
        if missing is not None:
            days[missing] = None
        return days
    if column.kind == "datetime":
        times = column.data.view("M8[ns]")
        if missing is not None:
            times = np.where(missing, np.datetime64("NaT"), times)
        return pd.DatetimeIndex(times, tz="UTC").tz_convert(column.zone).array if column.zone else times
    if missing is None or not missing.any():
        return column.data
    if column.kind == "double":
        return np.where(missing, np.nan, column.data)
    if column.kind == "logical":
        return pd.arrays.BooleanArray(column.data.copy(), missing.copy())
    return pd.arrays.IntegerArray(column.data.copy(), missing.copy())
