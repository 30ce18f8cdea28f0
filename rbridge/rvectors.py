"""R's vectors as numpy arrays and Python texts, copied as whole buffers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pycore.errors import InvalidInput
from rbridge.runtime import Pins, Runtime, Sexp

#: R's missing values. That of doubles is a NaN whose low word is 1954, whatever its other bits.
NA_INTEGER = np.int32(-(2**31))
NA_REAL_BITS = np.uint64(0x7FF00000000007A2)
_NA_LOW_WORD = 1954
#: R has room for some 50,000 pins, and a list may have more items.
_PINS_WHILE_FILLING = 1000


class VectorWriter:
    """Makes R vectors, all pinned until the block that the pins belong to ends.

    Parameters
    ----------
    runtime : Runtime
    pin : Pins
    frames : EmptyFrames
    """

    def __init__(self, runtime: Runtime, pin: Pins, frames: EmptyFrames) -> None:
        self._lib, self._ffi = runtime.lib, runtime.ffi
        self._runtime = runtime
        self._pin = pin
        self._frames = frames

    def pin(self, value: Sexp) -> Sexp:
        """Pin an object that R made, and return it."""
        return self._pin(value)

    def call(self, function: Sexp, *arguments: Sexp) -> Sexp:
        """Make a call, to be evaluated."""
        make = getattr(self._lib, f"Rf_lang{1 + len(arguments)}")  # there are those up to 6
        return self._pin(make(function, *arguments))

    def null(self) -> Sexp:
        """Return R's NULL."""
        return self._lib.R_NilValue

    def doubles(self, data: npt.NDArray[np.float64]) -> Sexp:
        """Make a numeric vector."""
        return self._copied(self._lib.REALSXP, data, self._lib.REAL)

    def integers(self, data: npt.NDArray[np.int32]) -> Sexp:
        """Make an integer vector."""
        return self._copied(self._lib.INTSXP, data, self._lib.INTEGER)

    def logicals(self, data: npt.NDArray[np.int32]) -> Sexp:
        """Make a logical vector from 0, 1 and `NA_INTEGER`."""
        return self._copied(self._lib.LGLSXP, data, self._lib.LOGICAL)

    def texts(self, values: Sequence[str | None]) -> Sexp:
        """Make a character vector; None is missing.

        Raises
        ------
        InvalidInput
            R has no form for a text with a NUL character or with half a surrogate pair.
        """
        encoded = [None if value is None else _encode(value) for value in values]
        lib = self._lib
        vector = self._pin(lib.Rf_allocVector(lib.STRSXP, len(encoded)))
        for at, data in enumerate(encoded):
            string = lib.R_NaString if data is None else lib.Rf_mkCharLenCE(data, len(data), lib.CE_UTF8)
            lib.SET_STRING_ELT(vector, at, string)
        return vector

    def coded(self, codes: npt.NDArray[np.int32], levels: Sequence[str]) -> Sexp:
        """Make a character vector from positions in its distinct texts, -1 where missing."""
        lib = self._lib
        distinct = self.texts(levels)
        strings = [*(lib.STRING_ELT(distinct, at) for at in range(len(levels))), lib.R_NaString]
        vector = self._pin(lib.Rf_allocVector(lib.STRSXP, len(codes)))
        set_string = lib.SET_STRING_ELT
        for at, code in enumerate(codes.tolist()):
            set_string(vector, at, strings[code])
        return vector

    def data_frame(self, names: Sequence[str], n_rows: int, columns: Iterable[Sexp]) -> Sexp:
        """Make a data frame of the columns that an iterable makes, one by one."""
        return self._filled(self._pin(self._frames.copy(self, tuple(names), n_rows)), columns)

    def named_list(self, names: Sequence[str], items: Iterable[Sexp]) -> Sexp:
        """Make a named list of the items that an iterable makes, one by one."""
        return self.attribute(self.plain_list(len(names), items), "names", self.texts(names))

    def plain_list(self, length: int, items: Iterable[Sexp]) -> Sexp:
        """Make a list of the items that an iterable makes, one by one."""
        return self._filled(self._pin(self._lib.Rf_allocVector(self._lib.VECSXP, length)), items)

    def attribute(self, vector: Sexp, name: str, value: Sexp) -> Sexp:
        """Set an attribute and return the vector."""
        self._lib.Rf_setAttrib(vector, self._runtime.symbol(name), value)
        return vector

    def _filled(self, vector: Sexp, items: Iterable[Sexp]) -> Sexp:
        pin, set_item = self._pin, self._lib.SET_VECTOR_ELT
        held = pin.count
        for at, item in enumerate(items):
            set_item(vector, at, item)
            # Items need no pin once the list holds them.
            if pin.count - held > _PINS_WHILE_FILLING:
                pin.release_down_to(held)
        pin.release_down_to(held)
        return vector

    def _copied(self, kind: int, data: npt.NDArray[Any], pointer: Any) -> Sexp:
        vector = self._pin(self._lib.Rf_allocVector(kind, len(data)))
        if len(data):
            self._ffi.memmove(pointer(vector), np.ascontiguousarray(data), data.nbytes)
        return vector


class EmptyFrames:
    """Data frames without their columns yet: one call copies names, class and row names at once.

    Kept is the latest one only, because most requests look like the one before.

    Parameters
    ----------
    runtime : Runtime
    """

    def __init__(self, runtime: Runtime) -> None:
        self._lib = runtime.lib
        self._like: tuple[tuple[str, ...], int] | None = None
        self._frame: Sexp = None

    def copy(self, write: VectorWriter, names: tuple[str, ...], n_rows: int) -> Sexp:
        """Return a data frame with these names and as many rows, whose columns are NULL; not pinned.

        A copy in all its parts: what a model does to the names in place stays in its own frame.
        """
        if self._like != (names, n_rows):
            frame = write.named_list(names, ())
            write.attribute(frame, "class", write.texts(["data.frame"]))
            # R's short form of the row names 1 to n.
            row_names = write.integers(np.array([NA_INTEGER, -n_rows], np.int32))
            write.attribute(frame, "row.names", row_names)
            self._lib.R_PreserveObject(frame)
            if self._frame is not None:
                self._lib.R_ReleaseObject(self._frame)
            self._like, self._frame = (names, n_rows), frame
        return self._lib.Rf_duplicate(self._frame)


class VectorReader:
    """Reads R vectors; what it returns is a copy, so R may forget the vector."""

    def __init__(self, runtime: Runtime) -> None:
        self._lib, self._ffi = runtime.lib, runtime.ffi

    def length(self, vector: Sexp) -> int:
        """Return the number of elements."""
        return int(self._lib.Rf_xlength(vector))

    def is_null(self, value: Sexp) -> bool:
        """Return whether this is R's NULL."""
        return bool(value == self._lib.R_NilValue)

    def doubles(self, vector: Sexp) -> npt.NDArray[np.float64]:
        """Read a numeric vector."""
        return self._copied(vector, self._lib.REAL, np.dtype("<f8"))

    def integers(self, vector: Sexp) -> npt.NDArray[np.int32]:
        """Read an integer vector."""
        return self._copied(vector, self._lib.INTEGER, np.dtype("<i4"))

    def logicals(self, vector: Sexp) -> npt.NDArray[np.int32]:
        """Read a logical vector as 0, 1 and `NA_INTEGER`."""
        return self._copied(vector, self._lib.LOGICAL, np.dtype("<i4"))

    def bytes(self, vector: Sexp) -> bytes:
        """Read a raw vector."""
        return self._copied(vector, self._lib.RAW, np.dtype("u1")).tobytes()

    def texts(self, vector: Sexp) -> list[str]:
        """Read a character vector without missing values; bytes that are no UTF-8 become U+FFFD."""
        lib, string = self._lib, self._ffi.string
        return [
            string(lib.R_CHAR(lib.STRING_ELT(vector, at))).decode(errors="replace")
            for at in range(self.length(vector))
        ]

    def items(self, vector: Sexp) -> list[Sexp]:
        """Return the elements of a list."""
        return [self._lib.VECTOR_ELT(vector, at) for at in range(self.length(vector))]

    def _copied(self, vector: Sexp, pointer: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        n = self.length(vector)
        if not n:
            return np.empty(0, dtype)
        data: npt.NDArray[Any] = np.frombuffer(
            self._ffi.buffer(pointer(vector), n * dtype.itemsize), dtype
        ).copy()
        return data


def missing_doubles(data: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return where doubles are R's NA, as against another NaN."""
    missing: npt.NDArray[np.bool_] = np.isnan(data) & (
        (data.view(np.uint64) & np.uint64(0xFFFFFFFF)) == _NA_LOW_WORD
    )
    return missing


def _encode(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"the text {text!r} is no valid Unicode, which R needs") from error
    if b"\0" in data:
        raise InvalidInput(f"the text {text!r} contains a NUL character, which R cannot hold")
    return data
