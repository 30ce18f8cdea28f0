"""Request bodies: from the bytes of a scoring request to typed data and params.

A JSON body is an object with exactly one of the keys in `_READERS`, and ``params`` if wanted; other
keys are ignored. An object with a key of `_CHAT_KEYS` is itself the data. Bodies without any of these
keys may be those of older clients: see `pycore.scoring.legacy_bodies`.

References
----------
MLflow scoring protocol, JSON bodies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.columns import Block, Column, Json, Table
from pycore.models.data_types import DataType
from pycore.models.enforce import (
    array_from_lists,
    enforce_params,
    table_from_columns,
    tensors_from_lists,
)
from pycore.models.schema import Schema
from pycore.models.signature import ModelSignature
from pycore.scoring.arrow_stream import read_arrow
from pycore.scoring.body_limit import UNLIMITED, BodyLimit
from pycore.scoring.content_type import body_format
from pycore.scoring.csv_body import read_csv
from pycore.scoring.legacy_bodies import modernized
from pycore.scoring.number_rows import columns_from_csv, columns_from_rows, columns_from_split
from pycore.wire.encoding import dumps, loads

_CHAT_KEYS = frozenset({"messages", "prompt", "input"})
_SPLIT_KEYS = frozenset({"columns", "data", "index"})

#: Scored to no predictions whatever the signature says.
_NO_ROWS = Table({}, 0)


@dataclass(frozen=True)
class Payload:
    """What a request asks to be scored.

    Parameters
    ----------
    data : Column, Table, Array or Json
        Held to the signature where there is one.
    params : dict
        Those of the signature, defaults filled in.
    is_bare : bool
        The result is answered as it is, not under ``predictions``.
    """

    data: Block
    params: dict[str, Any]
    is_bare: bool = False


def read_payload(
    body: bytes | memoryview,
    content_type: str | None,
    signature: ModelSignature | None,
    limit: BodyLimit = UNLIMITED,
) -> Payload:
    """Read a request's body.

    Parameters
    ----------
    body : bytes or memoryview
        Text is UTF-8, with or without a byte order mark. Columns may share its memory.
    content_type : str, optional
        The header of the request.
    signature : ModelSignature, optional
        What the model takes; without it the data are passed on as they come.
    limit : BodyLimit
        Of what a short body may unfold to: a compressed stream, rows that leave out most columns.

    Raises
    ------
    PayloadTooLarge
    UnsupportedMediaType
        The content type is none of ours.
    SignatureMismatch
        The rows do not fit the signature; all faults at once.
    InvalidInput
        The body is not of its format, or not of the form asked for.
    """
    schema = signature.inputs if signature else None
    form = body_format(content_type)
    if form == "arrow":
        return Payload(read_arrow(body, schema, limit), _params(None, signature))
    body = bytes(body).removeprefix(b"\xef\xbb\xbf")
    columns = columns_from_csv(body, schema) if form == "csv" else columns_from_split(body, schema)
    if columns is not None:
        return Payload(table_from_columns(columns, schema), _params(None, signature))
    if form == "csv":
        return Payload(read_csv(_decode(body), schema, limit), _params(None, signature))
    request = _read_json(body, schema)
    if not _CHAT_KEYS.isdisjoint(request):
        return _read_chat(request, signature)
    given = [key for key in _READERS if key in request]
    if len(given) != 1:
        found = f"this one has {' and '.join(given)}" if given else "this one has none of them"
        raise _malformed(f"A body needs exactly one of the keys {', '.join(_READERS)}; {found}.")
    _check_gaps(request[given[0]], limit)
    data = _READERS[given[0]](request[given[0]], schema)
    return Payload(data, _params(request.get("params"), signature))


def _malformed(message: str) -> InvalidInput:
    # The protocol's code for bodies that are wrong whatever the model.
    return InvalidInput(message, "BAD_REQUEST")


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error


def _read_json(body: bytes, schema: Schema | None) -> dict[str, Any]:
    if not body.strip():
        raise _malformed("The body is empty; send a JSON object.")
    try:
        request = loads(body)
    except InvalidInput as error:
        raise _malformed(error.message) from error
    if not isinstance(request, dict) or (_READERS.keys() | _CHAT_KEYS).isdisjoint(request):
        request = modernized(request, schema)
    if not isinstance(request, dict):
        kind = "list" if isinstance(request, list) else "single value"
        raise _malformed(
            f"The body is a {kind}; send a JSON object with one of the keys {', '.join(_READERS)}."
        )
    return request


def _params(given: Any, signature: ModelSignature | None) -> dict[str, Any]:
    if signature is not None:
        return enforce_params(given, signature.params)
    if not isinstance(given, dict | None):
        raise _malformed("'params' is an object of names and values.")
    return given or {}


def _read_chat(request: dict[str, Any], signature: ModelSignature | None) -> Payload:
    """Take the whole object as one row, but for what the signature calls params."""
    names = {spec.name for spec in signature.params} if signature and signature.params else set()
    params = {name: value for name, value in request.items() if name in names}
    data = {name: value for name, value in request.items() if name not in names}
    if signature and signature.inputs:
        block: Block = table_from_columns({name: [value] for name, value in data.items()}, signature.inputs)
    else:
        block = Json(dumps(data).decode())
    return Payload(block, _params(params, signature), is_bare=True)


def _read_split(value: Any, schema: Schema | None) -> Block:
    if not isinstance(value, Mapping) or not isinstance(value.get("data"), list):
        raise _malformed("'dataframe_split' is an object with a list 'data' and, mostly, a list 'columns'.")
    foreign = sorted(set(value) - _SPLIT_KEYS)
    if foreign:
        raise _malformed(f"'dataframe_split' has the keys columns, data and index, not {', '.join(foreign)}.")
    rows = value["data"]
    if not all(isinstance(row, list) for row in rows):
        raise _malformed("'data' of 'dataframe_split' is a list of rows, each a list.")
    names = value.get("columns")
    if names is None:
        names = range(len(rows[0]) if rows else 0)
    elif not isinstance(names, list):
        raise _malformed("'columns' of 'dataframe_split' is a list of names.")
    if any(len(row) != len(names) for row in rows):
        number, row = next((at, row) for at, row in enumerate(rows, 1) if len(row) != len(names))
        raise _malformed(f"Row {number} has {len(row)} values for {len(names)} columns.")
    if schema is not None and _lone_tensor(schema):
        return array_from_lists(rows, schema.tensors[0])
    if (doubles := columns_from_rows(names, rows, schema)) is not None:
        return table_from_columns(doubles, schema)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    named = dict(zip(map(str, names), columns, strict=True))
    if len(named) < len(names):
        raise SignatureMismatch("'columns' of 'dataframe_split' names a column twice.")
    return _table(named, schema, len(rows))


def _check_gaps(value: Any, limit: BodyLimit) -> None:
    """Refuse records that are few bytes only because they leave out most columns of one another."""
    if isinstance(value, list) and value and all(isinstance(record, dict) for record in value):
        n_cells = len(value) * len(set().union(*value))
        limit.check_gaps("The table of the records", n_cells - sum(map(len, value)))


def _read_records(value: Any, schema: Schema | None) -> Block:
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise _malformed("'dataframe_records' is a list of objects, one per row.")
    if _takes_items(schema):
        return _table({"0": value}, schema, len(value))
    names = list(dict.fromkeys(chain.from_iterable(value)))
    columns = {name: [record.get(name) for record in value] for name in names}
    return _table(columns, schema, len(value))


def _read_instances(value: Any, schema: Schema | None) -> Block:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        if _takes_items(schema):
            return _read_records(value, schema)
        names = value[0].keys()
        if any(item.keys() != names for item in value):
            raise _malformed(
                "The objects in 'instances' must all have the same keys; send rows with keys left out as "
                "'dataframe_records'."
            )
        return _table({name: [item[name] for item in value] for name in names}, schema, len(value))
    return _read_values("instances", value, schema)


def _read_inputs(value: Any, schema: Schema | None) -> Block:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        if schema is None and any(_is_nested(cell) for item in value for cell in item.values()):
            return Json(dumps(value).decode())
        return _read_records(value, schema)
    return _read_values("inputs", value, schema)


def _read_values(key: str, value: Any, schema: Schema | None) -> Block:
    """Read what both TF-serving keys may hold: an object of columns, or lists without names."""
    if isinstance(value, dict):
        return _read_columns(key, value, schema)
    values = value if isinstance(value, list) else [value]
    if not values:
        return _NO_ROWS
    if schema is None:
        return _unnamed(values)
    if _lone_tensor(schema):
        return array_from_lists(value, schema.tensors[0])
    if _takes_items(schema) or (len(schema) == 1 and not any(isinstance(item, list) for item in values)):
        # With one column there is no doubt which one a plain list is.
        return table_from_columns({str(schema.input_names()[0]): values}, schema)
    if schema.has_input_names():
        raise SignatureMismatch(
            f"The model takes the columns {', '.join(map(str, schema.input_names()))}, but {key!r} holds "
            "rows without names; send an object of columns or 'dataframe_split'."
        )
    return _read_split({"data": values}, schema)


def _read_columns(key: str, value: dict[str, Any], schema: Schema | None) -> Block:
    if schema is not None and _named_tensors(schema):
        return _arrays(value, schema)
    if schema is None and any(isinstance(cell, dict) for cell in value.values()):
        return Json(dumps(value).decode())
    if value and not any(isinstance(column, list) for column in value.values()):
        value = {name: [cell] for name, cell in value.items()}
    lengths = {len(column) if isinstance(column, list) else 1 for column in value.values()}
    if len(lengths) > 1 or not all(isinstance(column, list) for column in value.values()):
        raise SignatureMismatch(f"The columns in {key!r} must be lists of equal length.")
    return _table(value, schema)


def _takes_items(schema: Schema | None) -> bool:
    """Return whether a row is one value without a name, and may be an object or a list itself."""
    if schema is None or schema.is_tensor_spec() or schema.has_input_names() or len(schema) > 1:
        return False
    return not isinstance(schema.columns[0].type, DataType)


def _lone_tensor(schema: Schema) -> bool:
    return schema.is_tensor_spec() and not schema.has_input_names()


def _named_tensors(schema: Schema) -> bool:
    return schema.is_tensor_spec() and schema.has_input_names()


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _table(columns: Mapping[str, Sequence[Any]], schema: Schema | None, n_rows: int | None = None) -> Block:
    if not columns and not n_rows:
        return _NO_ROWS
    if schema is not None and _named_tensors(schema):
        return _arrays(columns, schema)
    return table_from_columns(columns, schema, n_rows)


def _arrays(values: Mapping[str, Any], schema: Schema) -> Json:
    """Hold named arrays to the schema; the process of the model makes them anew (`PyFuncPredictor`)."""
    arrays = tensors_from_lists(values, schema)
    return Json(json.dumps({name: array.tolist() for name, array in arrays.items()}))


def _unnamed(values: list[Any]) -> Block:
    """Take lists as they come: numbers as an array, texts as a column, and anything else as JSON."""
    if all(isinstance(value, str | None) for value in values):
        return Column.of_texts(values)
    try:
        return array_from_lists(values)
    except InvalidInput:
        if all(isinstance(leaf, int | float | None) for leaf in _leaves(values)):
            raise
        return Json(dumps(values).decode())


def _leaves(value: Any) -> Iterator[Any]:
    # Without recursion: a body may be nested more deeply than Python's stack.
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        else:
            yield item


_READERS: dict[str, Callable[[Any, Schema | None], Block]] = {
    "dataframe_split": _read_split,
    "dataframe_records": _read_records,
    "instances": _read_instances,
    "inputs": _read_inputs,
}
