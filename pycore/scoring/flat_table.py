"""Tables of FlatBuffers, read field by field: the messages of an Arrow stream are such.

References
----------
FlatBuffers, "Internals": the layout of tables and vectors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator


class FlatTable:
    """A table; fields that are absent are 0 or None.

    Nothing is checked beforehand: reading beyond the data raises `struct.error` or `IndexError`.

    Parameters
    ----------
    data : memoryview
    start : int
        Where the table is.
    """

    def __init__(self, data: memoryview, start: int) -> None:
        self._data = data
        self._start = start
        # A list of where the fields are, which tables of the same fields share.
        self._fields = start - self._read("<i", start)

    @classmethod
    def of_message(cls, data: memoryview) -> FlatTable:
        """Return the table that the whole message is."""
        return cls(data, *struct.unpack_from("<I", data))

    def at(self, field: int) -> int | None:
        """Return where a field is."""
        place = 4 + 2 * field
        if place >= self._read("<H", self._fields):
            return None
        offset: int = self._read("<H", self._fields + place)
        return self._start + offset if offset else None

    def number(self, field: int, form: str) -> int:
        """Return a number of the form that `struct` calls so."""
        at = self.at(field)
        return 0 if at is None else self._read(form, at)

    def table(self, field: int) -> FlatTable:
        """Return a table inside this one."""
        at = self.at(field)
        if at is None:
            raise IndexError(field)
        return FlatTable(self._data, self._target(at))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """Give a vector of pairs of 64-bit integers."""
        at = self.at(field)
        if at is None:
            return iter(())
        vector = self._target(at)
        end = vector + 4 + 16 * self._read("<I", vector)
        return struct.iter_unpack("<qq", self._data[vector + 4 : end])

    def _target(self, at: int) -> int:
        """Return the place that the offset at a place leads to."""
        return at + self._read("<I", at)

    def _read(self, form: str, at: int) -> int:
        if at < 0:
            raise IndexError(at)
        (value,) = struct.unpack_from(form, self._data, at)
        return int(value)
