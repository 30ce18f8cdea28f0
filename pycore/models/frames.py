"""Blocks as bytes: one length-prefixed frame per message, between processes of one machine.

::

    "CF1:" | u32 length of what follows | u32 length of head | head: JSON | zeros to 8 | buffers, each to 8

The head says which buffers follow and carries the message's own fields (a request's id, its time
limit). Nothing in a frame is ever executed on reading, unlike a pickle. Numbers are little-endian;
only R's and numpy's own buffers are copied, so a double keeps its bits.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from pycore.errors import InvalidInput
from pycore.models.columns import DTYPES, Array, Block, Column, Json, Table

_MARK = b"CF1:"
_PREFIX = struct.Struct("<4sII")
#: Larger frames are refused on both sides.
MAX_FRAME_BYTES = 2**31 - 1


def encode(head: Mapping[str, Any], block: Block | None = None) -> bytes:
    """Return a frame.

    Parameters
    ----------
    head : mapping
        The message's own fields, of types that JSON has; the key ``block`` is taken.
    block : Column, Table, Array or Json, optional

    Raises
    ------
    InvalidInput
        The frame would be larger than `MAX_FRAME_BYTES`.
    """
    buffers: list[bytes] = []
    fields = dict(head)
    if block is not None:
        fields["block"] = _describe(block, buffers)
    text = orjson.dumps(fields)
    parts = [text, _padding(len(text) + _PREFIX.size)]
    for buffer in buffers:
        parts += (buffer, _padding(len(buffer)))
    body = b"".join(parts)
    if len(body) > MAX_FRAME_BYTES:
        raise InvalidInput(
            f"a message of {len(body):,} bytes is too large to pass to a model; send fewer rows"
        )
    return _PREFIX.pack(_MARK, len(body), len(text)) + body


def decode(frame: bytes | bytearray | memoryview) -> tuple[dict[str, Any], Block | None]:
    """Return the head of a frame and its block; arrays share the frame's memory and are read-only.

    Raises
    ------
    InvalidInput
        The bytes are no frame.
    """
    view = memoryview(frame).toreadonly()
    try:
        _, _, head_bytes = _PREFIX.unpack_from(view)
        head = orjson.loads(view[_PREFIX.size : _PREFIX.size + head_bytes])
        described = head.pop("block", None)
        start = _PREFIX.size + head_bytes
        return head, None if described is None else _Reader(view, start + -start % 8).block(described)
    except (struct.error, orjson.JSONDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"not a frame: {error}") from error


def read_head(frame: bytes | bytearray | memoryview) -> dict[str, Any]:
    """Return the message's own fields without touching the buffers."""
    view = memoryview(frame)
    _, _, head_bytes = _PREFIX.unpack_from(view)
    head: dict[str, Any] = orjson.loads(view[_PREFIX.size : _PREFIX.size + head_bytes])
    return head


class FrameBuffer:
    """Collects what arrives on a stream and hands out whole frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received and return the frames that are now whole.

        Raises
        ------
        InvalidInput
            The other side does not speak frames.
        """
        self._bytes += data
        frames = []
        start = 0
        while len(self._bytes) - start >= _PREFIX.size:
            mark, length, _ = _PREFIX.unpack_from(self._bytes, start)
            if mark != _MARK or length > MAX_FRAME_BYTES:
                raise InvalidInput("not a frame: impossible beginning")
            stop = start + _PREFIX.size + length
            if len(self._bytes) < stop:
                break
            frames.append(bytes(self._bytes[start:stop]))
            start = stop
        del self._bytes[:start]
        return frames


def _padding(length: int) -> bytes:
    return b"\0" * (-length % 8)


def _describe(block: Block, buffers: list[bytes]) -> dict[str, Any]:
    """Return the description of a block and append its buffers."""
    match block:
        case Column():
            buffers.append(np.ascontiguousarray(block.data).tobytes())
            described: dict[str, Any] = {"is": "column", "kind": block.kind, "n": block.n_rows}
            if block.missing is not None:
                buffers.append(np.ascontiguousarray(block.missing).tobytes())
                described["masked"] = True
            if block.levels:
                described["levels"] = block.levels
            if block.zone:
                described["zone"] = block.zone
            return described
        case Table():
            columns = [[name, _describe(column, buffers)] for name, column in block.columns.items()]
            return {"is": "table", "n": block.n_rows, "columns": columns}
        case Array():
            data = np.ascontiguousarray(block.data)
            buffers.append(data.tobytes())
            return {"is": "array", "dtype": data.dtype.str, "shape": data.shape}
        case Json():
            return {"is": "json", "text": block.text}


class _Reader:
    """Walks along the buffers of a frame in the order they were described."""

    def __init__(self, view: memoryview, start: int) -> None:
        self._view = view
        self._at = start

    def block(self, described: dict[str, Any]) -> Block:
        match described["is"]:
            case "column":
                return self._column(described)
            case "table":
                columns = {name: self._column(column) for name, column in described["columns"]}
                return Table(columns, described["n"])
            case "array":
                shape = tuple(described["shape"])
                data = self._take(np.dtype(described["dtype"]), int(np.prod(shape)))
                return Array(data.reshape(shape))
            case "json":
                return Json(described["text"])
            case other:
                raise ValueError(f"unknown block {other!r}")

    def _column(self, described: dict[str, Any]) -> Column:
        n = described["n"]
        data = self._take(DTYPES[described["kind"]], n)
        missing = self._take(np.dtype(bool), n) if described.get("masked") else None
        levels = tuple(described.get("levels", ()))
        return Column(described["kind"], data, missing, levels, described.get("zone", ""))

    def _take(self, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any]:
        data = np.frombuffer(self._view, dtype, count, self._at)
        self._at += data.nbytes + -data.nbytes % 8
        return data
