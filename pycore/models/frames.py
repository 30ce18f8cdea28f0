"""Blocks as bytes: one length-prefixed frame per message, between processes of one machine.

::

    "CF1:" | u32 length of what follows | u32 length of head | head: JSON | zeros to 8 | buffers, each to 8

The head says which buffers follow and carries the message's own fields (a request's id, its time
limit). Nothing in a frame is ever executed on reading, unlike a pickle. Numbers are little-endian;
only R's and numpy's own buffers are copied, so a double keeps its bits.

Two processes that share memory may leave the buffers there: the frame then ends with its head, whose
``starts`` say where in that memory each of them begins.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from pycore.errors import InvalidInput
from pycore.models.columns import DTYPES, Array, Block, Column, Json, Table

_MARK = b"CF1:"
_PREFIX = struct.Struct("<4sII")
#: Larger frames are refused on both sides.
MAX_FRAME_BYTES = 2**31 - 1
#: What a stream of frames should take at once, so that a table of some rows wakes its reader once. The
#: kernel gives less where it is set up so.
SEND_BUFFER_BYTES = 1 << 22
#: What is read at once before it is known how much comes, and the most that is read at once: room for
#: more is taken from the system each time, which costs as much as reading a small frame.
_FIRST_READ_BYTES = 1 << 16
_LONGEST_READ_BYTES = 1 << 20


class Frame:
    """A frame before its parts are put together.

    Parameters
    ----------
    head : mapping
        The message's own fields, of types that JSON has; the keys ``block`` and ``starts`` are taken.
    block : Column, Table, Array or Json, optional

    Attributes
    ----------
    n_bytes : int
        How long it is.
    n_head_bytes : int
        How long its head is.

    Raises
    ------
    InvalidInput
        It would be larger than `MAX_FRAME_BYTES`.
    """

    def __init__(self, head: Mapping[str, Any], block: Block | None = None) -> None:
        self._buffers: list[npt.NDArray[Any]] = []
        fields = dict(head)
        if block is not None:
            fields["block"] = _describe(block, self._buffers)
        self._text = orjson.dumps(fields)
        self.n_head_bytes = _PREFIX.size + len(self._text)
        self.n_bytes = self.n_head_bytes + -self.n_head_bytes % 8
        self.n_bytes += sum(buffer.nbytes + -buffer.nbytes % 8 for buffer in self._buffers)
        if self.n_bytes > MAX_FRAME_BYTES:
            raise InvalidInput(
                f"a message of {self.n_bytes:,} bytes is too large to pass to a model; send fewer rows"
            )

    def to_bytes(self) -> bytes:
        """Return the frame; copies each buffer, once."""
        prefix = _PREFIX.pack(_MARK, self.n_bytes - _PREFIX.size, len(self._text))
        parts: list[Any] = [prefix, self._text, _padding(self.n_head_bytes)]
        for buffer in self._buffers:
            parts += (buffer, _padding(buffer.nbytes))
        return b"".join(parts)

    def leave_in(self, memory: memoryview) -> bytes | None:
        """Put the buffers into memory and return the head alone.

        Buffers that are in the memory already stay where they are. Where that is true of some only, there is
        no place for the others: nothing is put, and None returned.

        Parameters
        ----------
        memory : memoryview
            With room for the frame.
        """
        room = np.frombuffer(memory, np.uint8)
        origin = _address(room)
        starts = [_address(buffer) - origin for buffer in self._buffers]
        inside = [0 <= start < room.nbytes for start in starts]
        if any(inside) and not all(inside):
            return None
        if not all(inside):
            starts.clear()
            at = 0
            for buffer in self._buffers:
                starts.append(at)
                room[at : at + buffer.nbytes] = buffer.reshape(-1).view(np.uint8)
                at += buffer.nbytes + -buffer.nbytes % 8
        text = b'%b,"starts":%b}' % (self._text[:-1], orjson.dumps(starts))
        return _PREFIX.pack(_MARK, len(text), len(text)) + text


def encode(head: Mapping[str, Any], block: Block | None = None) -> bytes:
    """Return a frame as bytes; see `Frame`."""
    return Frame(head, block).to_bytes()


def decode(
    frame: bytes | bytearray | memoryview, memory: memoryview | None = None, *, copy: bool = False
) -> tuple[dict[str, Any], Block | None]:
    """Return the head of a frame and its block; arrays share the frame's memory and are read-only.

    Parameters
    ----------
    frame : bytes-like
    memory : memoryview, optional
        Where its buffers may have been left. Without it, the head of a frame whose buffers are elsewhere has
        ``starts``, and there is no block.
    copy : bool
        Arrays share no memory with others: what is in it may change.

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
        if described is None:
            return head, None
        if "starts" not in head:
            start = _PREFIX.size + head_bytes
            return head, _Reader(view, start + -start % 8).block(described)
        if memory is None:
            return head, None
        return head, _ReaderElsewhere(memory, head.pop("starts"), copy).block(described)
    except (struct.error, orjson.JSONDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"not a frame: {error}") from error


def read_head(frame: bytes | bytearray | memoryview) -> dict[str, Any]:
    """Return the message's own fields without touching the buffers."""
    view = memoryview(frame)
    _, _, head_bytes = _PREFIX.unpack_from(view)
    head: dict[str, Any] = orjson.loads(view[_PREFIX.size : _PREFIX.size + head_bytes])
    return head


class FrameBuffer:
    """Collects what arrives on a stream and hands out whole frames, copied only where they came in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._missing_bytes = 0

    @property
    def missing_bytes(self) -> int:
        """How many bytes of a frame that has begun are still to come; 0 between frames."""
        return self._missing_bytes

    @property
    def read_bytes(self) -> int:
        """How many bytes to ask the stream for next."""
        return min(max(self._missing_bytes, _FIRST_READ_BYTES), _LONGEST_READ_BYTES)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received and return the frames that are now whole.

        Raises
        ------
        InvalidInput
            The other side does not speak frames.
        """
        if self._pieces:
            self._pieces.append(data)
            self._missing_bytes -= len(data)
            if self._missing_bytes > 0:
                return []
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._missing_bytes = 0
        frames = []
        start, wanted = 0, _PREFIX.size
        while len(data) - start >= _PREFIX.size:
            mark, length, _ = _PREFIX.unpack_from(data, start)
            if mark != _MARK or length > MAX_FRAME_BYTES:
                raise InvalidInput("not a frame: impossible beginning")
            wanted = _PREFIX.size + length
            if len(data) - start < wanted:
                break
            frames.append(data[start : start + wanted])
            start, wanted = start + wanted, _PREFIX.size
        if start < len(data):
            self._pieces.append(data[start:])
            self._missing_bytes = wanted - (len(data) - start)
        return frames


def _padding(length: int) -> bytes:
    return b"\0" * (-length % 8)


def _address(data: npt.NDArray[Any]) -> int:
    address: int = data.__array_interface__["data"][0]
    return address


def _describe(block: Block, buffers: list[npt.NDArray[Any]]) -> dict[str, Any]:
    """Return the description of a block and append its buffers."""
    match block:
        case Column():
            buffers.append(np.ascontiguousarray(block.data))
            described: dict[str, Any] = {"is": "column", "kind": block.kind, "n": block.n_rows}
            if block.missing is not None:
                buffers.append(np.ascontiguousarray(block.missing))
                described["masked"] = True
            if block.levels:
                described["levels"] = block.levels
            if block.zone:
                described["zone"] = block.zone
            return described
        case Table():
            named = block.columns
            if named and all(c.kind == "double" and c.missing is None for c in named.values()):
                # By far the most tables: told in one word, and read as one array.
                buffers += [np.ascontiguousarray(column.data) for column in named.values()]
                return {"is": "doubles", "n": block.n_rows, "names": list(named)}
            columns = [[name, _describe(column, buffers)] for name, column in named.items()]
            return {"is": "table", "n": block.n_rows, "columns": columns}
        case Array():
            data = np.ascontiguousarray(block.data)
            buffers.append(data)
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
            case "doubles":
                names, n = described["names"], described["n"]
                columns = zip(names, self._take_all(DTYPES["double"], n, len(names)), strict=True)
                return Table({name: Column("double", values) for name, values in columns}, n)
            case "table":
                typed = {name: self._column(column) for name, column in described["columns"]}
                return Table(typed, described["n"])
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

    def _take(self, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
        data = np.frombuffer(self._view, dtype, count, self._at)
        self._at += data.nbytes + -data.nbytes % 8
        return data

    def _take_all(self, dtype: np.dtype[Any], count: int, n_buffers: int) -> Iterable[npt.NDArray[Any]]:
        """Take buffers of one kind whose bytes fill them up to 8."""
        return self._take(dtype, n_buffers * count).reshape(n_buffers, count)


class _ReaderElsewhere(_Reader):
    """Takes each buffer from its own place in memory."""

    def __init__(self, memory: memoryview, starts: Iterable[int], copy: bool) -> None:
        super().__init__(memory.toreadonly(), 0)
        self._starts = iter(starts)
        self._copy = copy

    def _take(self, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
        # numpy refuses what is outside.
        data = np.frombuffer(self._view, dtype, count, next(self._starts, -1))
        return np.frombuffer(data.tobytes(), dtype) if self._copy else data

    def _take_all(self, dtype: np.dtype[Any], count: int, n_buffers: int) -> Iterable[npt.NDArray[Any]]:
        if self._copy:
            return [self._take(dtype, count) for _ in range(n_buffers)]
        return [np.frombuffer(self._view, dtype, count, at) for at in islice(self._starts, n_buffers)]
