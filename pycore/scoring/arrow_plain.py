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
from typing import NamedTuple, TypeAlias

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
#: With more of it a stream is not plain: `LayoutOf` may keep what it has seen.
_METADATA_BYTES = 1 << 14
# Positions of the fields in their tables, and which header is that of a batch.
_MESSAGE_TYPE, _MESSAGE_HEADER, _MESSAGE_BODY_BYTES = 1, 2, 3
_BATCH_ROWS, _BATCH_NODES, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 1, 2, 3
_SCHEMA_ENDIANNESS = 0
_RECORD_BATCH = 3


class Layout(NamedTuple):
    """Where the numbers of a stream are.

    Attributes
    ----------
    columns : list of (str, str, int)
        Name, kind, and where the column is, counted from the first number.
    n_rows : int
    n_bytes : int
        Of all numbers.
    """

    columns: list[tuple[str, Kind, int]]
    n_rows: int
    n_bytes: int


#: Returns the layout that the messages' metadata tell; None unless the stream is plain.
LayoutOf: TypeAlias = Callable[[bytes], "Layout | None"]


def read_plain(body: bytes | memoryview, layout_of: LayoutOf) -> tuple[dict[str, Column], int] | None:
    """Read a stream if it is plain.

    Parameters
    ----------
    body : bytes or memoryview
    layout_of : callable
        `layout_of_metadata`, which a caller may remember: most streams are like the one before.

    Returns
    -------
    columns : dict of str to Column
        They share the memory of the body.
    n_rows : int
        None in place of both if the stream is not plain.
    """
    view = memoryview(body).toreadonly()
    try:
        start = _end_of_metadata(view, _end_of_metadata(view, 0))
    except (struct.error, IndexError):
        return None
    layout = layout_of(bytes(view[:start])) if start <= _METADATA_BYTES else None
    if layout is None or not _ends(view, start + layout.n_bytes):
        return None
    columns = {
        name: Column(kind, np.frombuffer(view, DTYPES[kind], layout.n_rows, start + at))
        for name, kind, at in layout.columns
    }
    return columns, layout.n_rows


def layout_of_metadata(metadata: bytes, kinds_of: KindsOf) -> Layout | None:
    """Return the layout of a stream by what comes before its first number; None unless it is plain.

    Parameters
    ----------
    metadata : bytes
        The messages with the schema and the batch, this one up to its body.
    kinds_of : callable
    """
    try:
        start = _end_of_metadata(memoryview(metadata), 0)
        kinds = kinds_of(metadata[:start])
        message = FlatTable.of_message(memoryview(metadata)[start + _PREFIX.size :])
        if not kinds or message.number(_MESSAGE_TYPE, "<B") != _RECORD_BATCH:
            return None
        return _layout(message.table(_MESSAGE_HEADER), kinds, message.number(_MESSAGE_BODY_BYTES, "<q"))
    except (struct.error, IndexError):
        return None


def is_little_endian(schema_message: bytes) -> bool:
    """Return whether numbers come as Intel's processors have them, by the message with their schema."""
    message = FlatTable.of_message(memoryview(schema_message)[_PREFIX.size :])
    return message.table(_MESSAGE_HEADER).number(_SCHEMA_ENDIANNESS, "<h") == 0


def _end_of_metadata(body: memoryview, start: int) -> int:
    """Return where the metadata of the message ends that starts somewhere."""
    mark, n_bytes = _PREFIX.unpack_from(body, start)
    end: int = start + _PREFIX.size + n_bytes
    if mark != _MARK or n_bytes <= 0 or end > len(body):
        raise IndexError(start)
    return end


def _ends(body: memoryview, end: int) -> bool:
    return len(body) == end or body[end:] == END


def _layout(batch: FlatTable, kinds: Mapping[str, Kind], n_bytes: int) -> Layout | None:
    n_rows = batch.number(_BATCH_ROWS, "<q")
    nodes, places = list(batch.pairs(_BATCH_NODES)), list(batch.pairs(_BATCH_BUFFERS))
    if (
        batch.at(_BATCH_COMPRESSION) is not None
        or nodes != [(n_rows, 0)] * len(kinds)  # as many values, none of them missing
        or len(places) != 2 * len(kinds)
    ):
        return None
    columns = []
    # Of each column, first comes which values are missing.
    for (name, kind), (start, n_column_bytes) in zip(kinds.items(), places[1::2], strict=True):
        if not 0 <= n_rows * DTYPES[kind].itemsize <= n_column_bytes:
            return None
        if start < 0 or start + n_column_bytes > n_bytes:
            return None
        columns.append((name, kind, start))
    return Layout(columns, n_rows, n_bytes)
