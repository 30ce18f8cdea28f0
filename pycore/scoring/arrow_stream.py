"""Arrow IPC streams: tables of any size in and out, typed by their writers, without text in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pycore.errors import InvalidInput, UnsupportedMediaType
from pycore.models.columns import CODED, DTYPES, Array, Block, Column, Json, Kind, Table
from pycore.models.enforce import table_from_columns
from pycore.models.schema import Schema
from pycore.scoring.arrow_messages import Announced, announced
from pycore.scoring.arrow_plain import END, Layout, is_little_endian, layout_of_metadata, read_plain
from pycore.scoring.body_limit import UNLIMITED, BodyLimit

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]  # it ships no types

#: The name of the column where a result has none.
_PREDICTIONS = "predictions"
#: What a row takes at least, once it is answered.
_PREDICTION_BYTES = 8
#: What stands in the data where a value is missing.
_NO_VALUE: dict[Kind, Any] = {"double": float("nan"), "logical": False}


def read_arrow(body: bytes | memoryview, schema: Schema | None, limit: BodyLimit = UNLIMITED) -> Table:
    """Read a stream into a table.

    Parameters
    ----------
    body : bytes or memoryview
        One stream; its record batches are joined. Columns may share its memory.
    schema : Schema, optional
        Columns of this type stay as they are, others are converted as those of JSON are.
    limit : BodyLimit
        Of the table; checked before memory is taken for it.

    Raises
    ------
    InvalidInput
        The body is no stream, names a column twice, or holds types that no model takes.
    PayloadTooLarge
    SignatureMismatch
        The columns do not fit the schema.
    UnsupportedMediaType
        pyarrow is not installed here.
    """
    pa = _pyarrow()
    plain = read_plain(body, _plain_layout)
    if plain is not None:
        columns, n_rows = plain
        _check_size(Announced(n_rows, len(body)), (column.kind for column in columns.values()), limit)
    else:
        columns, n_rows = _read_any(pa, bytes(body), limit)
    return table_from_columns(columns, schema, n_rows)


def _read_any(pa: Any, body: bytes, limit: BodyLimit) -> tuple[dict[str, Column], int]:
    try:
        with pa.ipc.open_stream(body) as stream:
            kinds = _kinds(pa, stream.schema)
            _check_size(announced(pa.ipc.MessageReader.open_stream(body)), kinds.values(), limit)
            table = stream.read_all()
        table.validate(full=True)  # What comes from outside may point anywhere.
        table = table.unify_dictionaries()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInput("The body is not an Arrow IPC stream, or is cut short.", "BAD_REQUEST") from error
    columns = {name: _read_column(pa, name, kind, table.column(name)) for name, kind in kinds.items()}
    return columns, table.num_rows


@lru_cache(maxsize=64)
def _plain_layout(metadata: bytes) -> Layout | None:
    return layout_of_metadata(metadata, _plain_kinds)


@lru_cache(maxsize=64)
def _plain_kinds(schema_message: bytes) -> Mapping[str, Kind] | None:
    """Return what each column becomes, None unless all of them are that already."""
    pa = _pyarrow()
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(schema_message))
        kinds = _kinds(pa, schema)
    except (pa.ArrowException, OSError, ValueError):
        return None
    types: dict[Kind, Any] = {"double": pa.float64(), "integer": pa.int32(), "long": pa.int64()}
    native = all(types.get(kinds[field.name]) == field.type for field in schema)
    return kinds if native and is_little_endian(schema_message) else None


def write_arrow(result: Block) -> bytes | None:
    """Return a result as a stream, None if it has no rows to speak of.

    A column without name is called ``predictions``; those of a matrix go by position.
    """
    pa = _pyarrow()
    match result:
        case Json():
            return None
        case Column(kind="double", missing=None):
            return b"".join((_before_doubles(result.n_rows), result.data.tobytes(), END))
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
    return _stream_of(pa, columns)


@lru_cache(maxsize=64)
def _before_doubles(n_rows: int) -> bytes:
    """Return what a stream of predictions, none of them missing, begins with; they and its end follow."""
    stream = _stream_of(_pyarrow(), {_PREDICTIONS: np.zeros(n_rows)})
    return stream[: len(stream) - n_rows * DTYPES["double"].itemsize - len(END)]


def _stream_of(pa: Any, columns: Mapping[str, Any]) -> bytes:
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


def _kinds(pa: Any, schema: pyarrow.Schema) -> dict[str, Kind]:
    """Return what each column becomes."""
    if len(set(schema.names)) < len(schema.names):
        raise InvalidInput("The Arrow stream names a column twice.", "BAD_REQUEST")
    return {field.name: _kind(pa, field.name, field.type) for field in schema}


def _kind(pa: Any, name: str, arrow_type: pyarrow.DataType) -> Kind:
    types = pa.types
    if types.is_dictionary(arrow_type):
        if not _is_text(pa, arrow_type.value_type):
            raise InvalidInput(f"The dictionary of the column {name!r} holds other things than texts.")
        return "ordered" if arrow_type.ordered else "factor"
    if _is_text(pa, arrow_type):
        return "text"
    if types.is_date(arrow_type):
        return "date"
    if types.is_timestamp(arrow_type):
        return "datetime"
    if types.is_boolean(arrow_type):
        return "logical"
    if types.is_integer(arrow_type) and not types.is_uint64(arrow_type):
        return "integer" if arrow_type.bit_width < 32 or types.is_int32(arrow_type) else "long"
    if types.is_uint64(arrow_type) or types.is_floating(arrow_type) or types.is_decimal(arrow_type):
        return "double"
    if types.is_null(arrow_type):
        return "double"
    raise InvalidInput(
        f"The column {name!r} of the Arrow stream has the type {arrow_type}, which no model takes; send "
        "numbers, truths, texts, dictionaries of texts, dates or timestamps."
    )


def _is_text(pa: Any, arrow_type: pyarrow.DataType) -> bool:
    return bool(pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type))


def _check_size(found: Announced, kinds: Iterable[Kind], limit: BodyLimit) -> None:
    # Without any column, a row still has a prediction.
    row_bytes = max(_PREDICTION_BYTES, sum(DTYPES[kind].itemsize for kind in kinds))
    limit.check("The table of the Arrow stream", max(found.n_bytes, found.rows * row_bytes))


def _read_column(pa: Any, name: str, kind: Kind, chunks: pyarrow.ChunkedArray) -> Column:
    array = chunks.combine_chunks() if chunks.num_chunks != 1 else chunks.chunk(0)
    match kind:
        case "factor" | "ordered":
            return _read_coded(pa, name, array, kind)
        case "text":
            return _read_coded(pa, name, array.dictionary_encode(), kind)
        case "date":
            return _filled(kind, array.cast(pa.date32()).cast(pa.int32()))
        case "datetime":
            zone = array.type.tz
            try:
                nanoseconds = array.cast(pa.timestamp("ns", zone)).cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise InvalidInput(f"The column {name!r} has a time outside 1678 to 2262.") from error
            return _filled(kind, nanoseconds, zone or "")
        case "logical":
            return _filled(kind, array)
        case "integer":
            return _filled(kind, array.cast(pa.int32()))
        case "long":
            return _filled(kind, array.cast(pa.int64()))
        case "double":
            # To cast what needs no cast takes as long as all the rest of a column.
            exact = array.type == pa.float64()
            return _filled(kind, array if exact else array.cast(pa.float64(), safe=False))


def _read_coded(pa: Any, name: str, array: pyarrow.DictionaryArray, kind: Kind) -> Column:
    levels = array.dictionary
    if levels.null_count:
        raise InvalidInput(f"The dictionary of the column {name!r} holds a null.")
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
