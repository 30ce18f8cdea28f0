"""Typed data into R and out of it, by one table of kinds: see `_WRITERS` and `_READERS`.

Doubles keep their bits. What has no equal on the other side raises; nothing is guessed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson

from pycore.errors import InvalidInput, ModelError
from pycore.models.columns import DTYPES, Array, Block, Column, Json, Kind, Table
from rbridge.runtime import Sexp
from rbridge.rvectors import NA_INTEGER, NA_REAL_BITS, VectorReader, VectorWriter, missing_doubles

_INT32 = np.iinfo(np.int32)
#: Up to here every integer is a double.
_EXACT_INTEGERS = 2**53
_NS_PER_S = 1_000_000_000
#: The seconds that 64 bits of nanoseconds can count.
_MAX_S = 9_223_372_036


def to_r(block: Block, write: VectorWriter) -> Sexp:
    """Make the R object that a model is called with.

    Parameters
    ----------
    block : Column, Table, Array or Json
        Become a vector; a data frame with the names as they are; a vector, matrix or array; and lists.
    write : VectorWriter
        Whose pins keep the result.

    Raises
    ------
    InvalidInput
        A value has no equal in R: an integer beyond 2**53, or a text with a NUL character.
    """
    match block:
        case Column():
            return _WRITERS[block.kind](block, write)
        case Table():
            return _data_frame(block, write)
        case Array():
            return _array(block.data, write)
        case Json():
            return value_to_r(orjson.loads(block.text), write)


def value_to_r(value: Any, write: VectorWriter) -> Sexp:
    """Make an R object of a plain JSON value.

    A list of numbers, of truths or of texts, with nulls or without, becomes a vector, any other a list;
    a null elsewhere becomes NULL.

    Raises
    ------
    InvalidInput
        As `to_r`.
    """
    if isinstance(value, Mapping):
        items = (value_to_r(item, write) for item in value.values())
        return write.named_list([str(name) for name in value], items)
    if not isinstance(value, list | tuple):
        if value is None:
            return write.null()
        value = [value]
    column = _column_of(value)
    if column is None:
        return write.plain_list(len(value), (value_to_r(item, write) for item in value))
    return to_r(column, write)


def from_r(result: Sexp, read: VectorReader) -> Block:
    """Read a result that `carry` in `prelude.R` brought into shape.

    Raises
    ------
    ModelError
        A number or time in it is beyond what the platform's types hold.
    """
    shape, *parts = read.items(result)
    match read.texts(shape)[0]:
        case "column":
            return _read_column(parts, read)
        case "table":
            names, columns, n_rows = parts
            typed = [_read_column(read.items(column), read) for column in read.items(columns)]
            n = int(read.integers(n_rows)[0])
            return Table(dict(zip(read.texts(names), typed, strict=True)), n)
        case "array":
            kind, data, dim = parts
            values = _READERS[read.texts(kind)[0]](data, dim, read).data
            return Array(values.reshape(tuple(read.integers(dim).tolist()), order="F"))
        case _:
            return Json(orjson.dumps(_plain(result, read)).decode())


# --- into R ------------------------------------------------------------------------------------------


def _double(column: Column, write: VectorWriter) -> Sexp:
    if column.missing is None:
        return write.doubles(column.data)
    bits = np.where(column.missing, NA_REAL_BITS, column.data.view(np.uint64))
    return write.doubles(bits.view(np.float64))


def _integer(column: Column, write: VectorWriter) -> Sexp:
    if (column.data[~_missing(column)] == NA_INTEGER).any():
        return _long(Column("long", column.data.astype(np.int64), column.missing), write)
    return write.integers(_masked(column.data, column))


def _long(column: Column, write: VectorWriter) -> Sexp:
    present = column.data[~_missing(column)]
    if not len(present) or (present.min() > _INT32.min and present.max() <= _INT32.max):
        return write.integers(_masked(column.data.astype(np.int32), column))
    beyond = present[(present > _EXACT_INTEGERS) | (present < -_EXACT_INTEGERS)]
    if len(beyond):
        raise InvalidInput(
            f"the integer {beyond[0]} is beyond 2**53, from where on R's numbers lose digits; "
            "send such identifiers as texts"
        )
    return _double(Column("double", column.data.astype(np.float64), column.missing), write)


def _logical(column: Column, write: VectorWriter) -> Sexp:
    return write.logicals(_masked(column.data.astype(np.int32), column))


def _text(column: Column, write: VectorWriter) -> Sexp:
    return write.coded(column.data, column.levels)


def _factor(column: Column, write: VectorWriter) -> Sexp:
    vector = write.integers(np.where(column.data < 0, NA_INTEGER, column.data + np.int32(1)))
    write.attribute(vector, "levels", write.texts(column.levels))
    classes = ["ordered", "factor"] if column.kind == "ordered" else ["factor"]
    return write.attribute(vector, "class", write.texts(classes))


def _date(column: Column, write: VectorWriter) -> Sexp:
    vector = _double(Column("double", column.data.astype(np.float64), column.missing), write)
    return write.attribute(vector, "class", write.texts(["Date"]))


def _datetime(column: Column, write: VectorWriter) -> Sexp:
    # Whole seconds and their fraction apart: the sum is rounded once, as R rounds what it parses.
    seconds, nanoseconds = np.divmod(column.data, _NS_PER_S)
    vector = _double(Column("double", seconds + nanoseconds / _NS_PER_S, column.missing), write)
    write.attribute(vector, "class", write.texts(["POSIXct", "POSIXt"]))
    return write.attribute(vector, "tzone", write.texts([column.zone]))


_WRITERS: dict[str, Callable[[Column, VectorWriter], Sexp]] = {
    "double": _double,
    "integer": _integer,
    "long": _long,
    "logical": _logical,
    "text": _text,
    "factor": _factor,
    "ordered": _factor,
    "date": _date,
    "datetime": _datetime,
}


def _data_frame(table: Table, write: VectorWriter) -> Sexp:
    columns = (_WRITERS[column.kind](column, write) for column in table.columns.values())
    return write.data_frame(tuple(table.columns), table.n_rows, columns)


def _array(data: npt.NDArray[Any], write: VectorWriter) -> Sexp:
    flat = data.ravel(order="F")
    if data.dtype.kind == "b":
        vector = write.logicals(flat.astype(np.int32))
    elif data.dtype.kind == "f":
        vector = write.doubles(flat.astype(np.float64, copy=False))
    else:
        if flat.dtype.kind == "u" and (flat > _EXACT_INTEGERS).any():
            raise InvalidInput(
                "an integer in the array is beyond 2**53, from where on R's numbers lose digits"
            )
        vector = _long(Column("long", flat.astype(np.int64)), write)
    if data.ndim > 1:
        write.attribute(vector, "dim", write.integers(np.array(data.shape, np.int32)))
    return vector


def _column_of(values: list[Any] | tuple[Any, ...]) -> Column | None:
    """Return a flat list as a column; None when its values are not all of one kind."""
    missing = np.array([value is None for value in values], bool)
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return None
    filled = [0 if value is None else value for value in values]
    if kinds == {bool}:
        return Column("logical", np.array(filled, bool), missing)
    if kinds == {str}:
        return Column.of_texts(values)
    if kinds == {int} and all(abs(value) < 2**63 for value in filled):
        return Column("long", np.array(filled, DTYPES["long"]), missing)
    if kinds <= {int, float}:
        return Column("double", np.array(filled, DTYPES["double"]), missing)
    return None


def _missing(column: Column) -> npt.NDArray[np.bool_]:
    return np.zeros(column.n_rows, bool) if column.missing is None else column.missing


def _masked(data: npt.NDArray[np.int32], column: Column) -> npt.NDArray[np.int32]:
    return data if column.missing is None else np.where(column.missing, NA_INTEGER, data)


# --- out of R ----------------------------------------------------------------------------------------


def _read_double(data: Sexp, _: Sexp, read: VectorReader) -> Column:
    values = read.doubles(data)
    # Most results have no NaN at all, let alone R's own.
    missing = _mask(missing_doubles(values)) if np.isnan(values).any() else None
    return Column("double", values, missing)


def _read_integer(data: Sexp, _: Sexp, read: VectorReader) -> Column:
    values = read.integers(data)
    return Column("integer", values, _mask(values == NA_INTEGER))


def _read_logical(data: Sexp, _: Sexp, read: VectorReader) -> Column:
    values = read.logicals(data)
    missing = values == NA_INTEGER
    return Column("logical", (values != 0) & ~missing, _mask(missing))


def _read_long(data: Sexp, _: Sexp, read: VectorReader) -> Column:
    values = read.doubles(data).view(np.int64)  # the bits of bit64's integer64
    return Column("long", values, _mask(values == np.iinfo(np.int64).min))


def _read_date(data: Sexp, _: Sexp, read: VectorReader) -> Column:
    days = read.doubles(data)
    missing = ~np.isfinite(days)
    days = np.floor(np.where(missing, 0, days))
    if (np.abs(days) > _INT32.max).any():
        raise ModelError("the model returned a Date some million years off, which cannot be sent as data")
    return Column("date", days.astype(np.int32), _mask(missing))


def _read_datetime(data: Sexp, zone: Sexp, read: VectorReader) -> Column:
    seconds = read.doubles(data)
    missing = ~np.isfinite(seconds)
    seconds = np.where(missing, 0, seconds)
    if (np.abs(seconds) > _MAX_S).any():
        raise ModelError("the model returned a time outside 1678 to 2262, which cannot be sent as data")
    whole = np.floor(seconds)
    # R's seconds are doubles: today they tell microseconds apart and no more.
    microseconds = np.rint((seconds - whole) * 1e6).astype(np.int64)
    nanoseconds = whole.astype(np.int64) * _NS_PER_S + microseconds * 1000
    return Column("datetime", nanoseconds, _mask(missing), zone=read.texts(zone)[0])


_READERS: dict[str, Callable[[Sexp, Sexp, VectorReader], Column]] = {
    "double": _read_double,
    "integer": _read_integer,
    "logical": _read_logical,
    "long": _read_long,
    "date": _read_date,
    "datetime": _read_datetime,
}


def _read_column(parts: list[Sexp], read: VectorReader) -> Column:
    kind = cast(Kind, read.texts(parts[0])[0])
    if kind in _READERS:
        return _READERS[kind](parts[1], parts[2], read)
    codes = read.integers(parts[1])
    return Column(
        kind, np.where(codes == NA_INTEGER, 0, codes) - np.int32(1), levels=tuple(read.texts(parts[2]))
    )


def _plain(result: Sexp, read: VectorReader) -> Any:
    """Return a result without rows as a plain JSON value."""
    shape, *parts = read.items(result)
    match read.texts(shape)[0]:
        case "null":
            return None
        case "raw":
            return base64.b64encode(read.bytes(parts[0])).decode()
        case "scalar":
            return _read_column(parts, read).to_list()[0]
        case "object":
            values = [_plain(item, read) for item in read.items(parts[1])]
            return dict(zip(read.texts(parts[0]), values, strict=True))
        case "list":
            return [_plain(item, read) for item in read.items(parts[0])]
    block = from_r(result, read)
    match block:
        case Column():
            return block.to_list()
        case Table():
            return block.records()
        case _:
            return cast(Array, block).data.tolist()


def _mask(missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return missing if missing.any() else None
