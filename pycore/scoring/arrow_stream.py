"""Arrow IPC streams: tables of any size in and out, typed by their writers, without text in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pycore.errors import InvalidInput, UnsupportedMediaType
from pycore.models.columns import CODED, DTYPES, Array, Block, Column, Json, Kind, Table
from pycore.models.enforce import table_from_columns
from pycore.models.schema import Schema

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]  # it ships no types

#: The name of the column where a result has none.
_PREDICTIONS = "predictions"
#: What stands in the data where a value is missing.
_NO_VALUE: dict[Kind, Any] = {"double": float("nan"), "logical": False}


def read_arrow(body: bytes, schema: Schema | None) -> Table:
    """Read a stream into a table.

    Parameters
    ----------
    body : bytes
        One stream; its record batches are joined.
    schema : Schema, optional
        Columns of this type stay as they are, others are converted as those of JSON are.

    Raises
    ------
    InvalidInput
        The body is no stream, names a column twice, or holds types that no model takes.
    SignatureMismatch
        The columns do not fit the schema.
    UnsupportedMediaType
        pyarrow is not installed here.
    """
    pa = _pyarrow()
    try:
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all().unify_dictionaries()
        table.validate(full=True)  # What comes from outside may point anywhere.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInput("The body is not an Arrow IPC stream, or is cut short.", "BAD_REQUEST") from error
    names = table.column_names
    if len(set(names)) < len(names):
        raise InvalidInput("The Arrow stream names a column twice.", "BAD_REQUEST")
    columns = {name: _read_column(pa, name, table.column(name)) for name in names}
    return table_from_columns(columns, schema, table.num_rows)


def write_arrow(result: Block) -> bytes | None:
    """Return a result as a stream, None if it has no rows to speak of.

    A column without name is called ``predictions``; those of a matrix go by position.
    """
    pa = _pyarrow()
    match result:
        case Json():
            return None
        case Table():
            columns = {name: _written(pa, column) for name, column in result.columns.items()}
        case Column():
            columns = {_PREDICTIONS: _written(pa, result)}
        case Array():
            if result.data.ndim > 2:
                return None
            flat = result.data.ndim == 1
            columns = (
                {_PREDICTIONS: pa.array(result.data)}
                if flat
                else {str(at): pa.array(column) for at, column in enumerate(result.data.T)}
            )
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _pyarrow() -> Any:
    # Takes long to load, and only callers with large tables need it.
    try:
        import pyarrow
        import pyarrow.ipc  # type: ignore[import-untyped,unused-ignore]  # it ships no types
    except ImportError as error:
        raise UnsupportedMediaType(
            "This server has no pyarrow and reads no Arrow streams: send JSON or CSV, or install "
            "crateflow[arrow] there."
        ) from error
    return pyarrow


def _read_column(pa: Any, name: str, chunks: pyarrow.ChunkedArray) -> Column:
    kind = chunks.type
    array = chunks.combine_chunks() if chunks.num_chunks != 1 else chunks.chunk(0)
    types = pa.types
    if types.is_null(kind):
        return Column("double", np.full(len(array), np.nan), np.ones(len(array), np.bool_))
    if types.is_dictionary(kind):
        return _read_coded(pa, name, array, "ordered" if kind.ordered else "factor")
    if types.is_string(kind) or types.is_large_string(kind):
        return _read_coded(pa, name, array.dictionary_encode(), "text")
    if types.is_date(kind):
        return _filled("date", array.cast(pa.date32()).cast(pa.int32()))
    if types.is_timestamp(kind):
        try:
            nanoseconds = array.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise InvalidInput(f"The column {name!r} has a time outside 1678 to 2262.") from error
        return _filled("datetime", nanoseconds, kind.tz or "")
    if types.is_boolean(kind):
        return _filled("logical", array)
    if types.is_integer(kind):
        if types.is_uint64(kind):
            return _filled("double", array.cast(pa.float64(), safe=False))
        if kind.bit_width < 32 or types.is_int32(kind):
            return _filled("integer", array.cast(pa.int32()))
        return _filled("long", array.cast(pa.int64()))
    if types.is_floating(kind) or types.is_decimal(kind):
        return _filled("double", array.cast(pa.float64(), safe=False))
    raise InvalidInput(
        f"The column {name!r} of the Arrow stream has the type {kind}, which no model takes; send numbers, "
        "truths, texts, dictionaries of texts, dates or timestamps."
    )


def _read_coded(pa: Any, name: str, array: pyarrow.DictionaryArray, kind: Kind) -> Column:
    levels = array.dictionary
    if not (pa.types.is_string(levels.type) or pa.types.is_large_string(levels.type)) or levels.null_count:
        raise InvalidInput(f"The dictionary of the column {name!r} holds other things than texts.")
    codes = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return Column(kind, codes, levels=tuple(levels.to_pylist()))


def _filled(kind: Kind, array: pyarrow.Array, zone: str = "") -> Column:
    missing: npt.NDArray[np.bool_] | None = None
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        array = array.fill_null(_NO_VALUE.get(kind, 0))
    data = array.to_numpy(zero_copy_only=False)
    return Column(kind, data.astype(DTYPES[kind], copy=False), missing, zone=zone)


def _written(pa: Any, column: Column) -> pyarrow.Array:
    if column.kind in CODED:
        codes = pa.array(column.data, mask=column.data < 0)
        coded = pa.DictionaryArray.from_arrays(
            codes, pa.array(column.levels, pa.string()), ordered=column.kind == "ordered"
        )
        return coded.cast(pa.string()) if column.kind == "text" else coded
    types = {"date": pa.date32(), "datetime": pa.timestamp("ns", column.zone or "UTC")}
    plain = pa.array(column.data, mask=column.missing)
    return plain.cast(types[column.kind]) if column.kind in types else plain
