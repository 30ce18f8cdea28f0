"""Arrow streams in their plainest form, which is what most callers send: read without a copy.

One record batch of numbers, none of them missing or compressed, is its columns already. Whatever is not
plain, and whatever is not as the format says, is left to pyarrow, which takes more than twice the time.

References
----------
Arrow columnar format, "Serialization and interprocess communication": ``Message.fbs``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from pycore.models.columns import DTYPES, Column, Kind
from pycore.scoring.flat_table import FlatTable

#: Returns the kinds of the columns that a schema message names; None unless all are plain.
KindsOf: TypeAlias = Callable[[bytes], "Mapping[str, Kind] | None"]

# Before a message: a mark, and how long its metadata is.
_PREFIX = struct.Struct("<Ii")
_MARK = 0xFFFFFFFF
#: What ends a stream: a message of length 0.
END = _PREFIX.pack(_MARK, 0)
#: A schema of more bytes is not plain: `KindsOf` may keep those it has seen.
_SCHEMA_BYTES = 1 << 14
# Positions of the fields in their tables, and which header is that of a batch.
_MESSAGE_TYPE, _MESSAGE_HEADER, _MESSAGE_BODY_BYTES = 1, 2, 3
_BATCH_ROWS, _BATCH_NODES, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 1, 2, 3
_SCHEMA_ENDIANNESS = 0
_RECORD_BATCH = 3


def read_plain(body: bytes, kinds_of: KindsOf) -> tuple[dict[str, Column], int] | None:
    """Read a stream if it is plain.

    Parameters
    ----------
    body : bytes
    kinds_of : callable

    Returns
    -------
    columns : dict of str to Column
        They share the memory of the body.
    n_rows : int
        None in place of both if the stream is not plain.
    """
    try:
        start = _end_of_metadata(body, 0)
        kinds = kinds_of(body[:start]) if start <= _SCHEMA_BYTES else None
        if not kinds:
            return None
        body_start = _end_of_metadata(body, start)
        message = FlatTable.of_message(memoryview(body)[start + _PREFIX.size : body_start])
        body_end = body_start + message.number(_MESSAGE_BODY_BYTES, "<q")
        if message.number(_MESSAGE_TYPE, "<B") != _RECORD_BATCH or not _ends(body, body_end):
            return None
        return _columns(message.table(_MESSAGE_HEADER), kinds, memoryview(body)[body_start:body_end])
    except (struct.error, IndexError):
        return None


def is_little_endian(schema_message: bytes) -> bool:
    """Return whether numbers come as Intel's processors have them, by the message with their schema."""
    message = FlatTable.of_message(memoryview(schema_message)[_PREFIX.size :])
    return message.table(_MESSAGE_HEADER).number(_SCHEMA_ENDIANNESS, "<h") == 0


def _end_of_metadata(body: bytes, start: int) -> int:
    """Return where the metadata of the message ends that starts somewhere."""
    mark, n_bytes = _PREFIX.unpack_from(body, start)
    end: int = start + _PREFIX.size + n_bytes
    if mark != _MARK or n_bytes <= 0 or end > len(body):
        raise IndexError(start)
    return end


def _ends(body: bytes, end: int) -> bool:
    return len(body) == end or (len(body) == end + len(END) and body.endswith(END))


def _columns(
    batch: FlatTable, kinds: Mapping[str, Kind], buffers: memoryview
) -> tuple[dict[str, Column], int] | None:
    n_rows = batch.number(_BATCH_ROWS, "<q")
    nodes, places = list(batch.pairs(_BATCH_NODES)), list(batch.pairs(_BATCH_BUFFERS))
    if (
        batch.at(_BATCH_COMPRESSION) is not None
        or nodes != [(n_rows, 0)] * len(kinds)  # as many values, none of them missing
        or len(places) != 2 * len(kinds)
    ):
        return None
    columns = {}
    # Of each column, first comes which values are missing.
    for (name, kind), (start, n_bytes) in zip(kinds.items(), places[1::2], strict=True):
        dtype = DTYPES[kind]
        if start < 0 or start + n_bytes > len(buffers) or not 0 <= n_rows * dtype.itemsize <= n_bytes:
            return None
        columns[name] = Column(kind, np.frombuffer(buffers, dtype, n_rows, start))
    return columns, n_rows
