"""Typed data on its way into a model and out of it: `Column`, `Table`, `Array` and `Json`.

The four are the only things that travel between a scoring server and the process that runs a model
(`pycore.models.frames` gives them bytes). They hold what R and pandas both can hold, so that neither
side guesses types: see the table at `Column`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pycore.errors import InvalidInput

Kind: TypeAlias = Literal[
    "double", "integer", "long", "logical", "text", "factor", "ordered", "date", "datetime"
]

#: The type of `Column.data` for each kind.
DTYPES: dict[str, np.dtype[Any]] = {
    "double": np.dtype("<f8"),
    "integer": np.dtype("<i4"),
    "long": np.dtype("<i8"),
    "logical": np.dtype("|b1"),
    "text": np.dtype("<i4"),
    "factor": np.dtype("<i4"),
    "ordered": np.dtype("<i4"),
    "date": np.dtype("<i4"),
    "datetime": np.dtype("<i8"),
}

#: Kinds whose `data` are positions in `levels`, -1 where the value is missing.
CODED = frozenset({"text", "factor", "ordered"})


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one kind.

    ========  ==========================  ==========================  ======================
    kind      data                        R                           pandas
    ========  ==========================  ==========================  ======================
    double    the number                  numeric                     float64
    integer   the number                  integer                     int32
    long      the number                  integer where it fits,      int64
                                          else numeric up to 2**53
    logical   the truth                   logical                     bool
    text      position in `levels`        character                   object of str
    factor    position in `levels`        factor                      category
    ordered   position in `levels`        ordered factor              ordered category
    date      days since 1970-01-01       Date                        object of date
    datetime  nanoseconds since 1970 UTC  POSIXct                     datetime64[ns]
    ========  ==========================  ==========================  ======================

    Parameters
    ----------
    kind : str
    data : ndarray, shape (n,)
        Of the type in `DTYPES`.
    missing : ndarray of bool, shape (n,), optional
        True where there is no value (R's NA); None when none is missing. A double may besides be NaN.
        Coded kinds have no mask: their missing values are coded -1.
    levels : tuple of str
        For coded kinds: the distinct texts, or the factor's levels in order.
    zone : str
        For datetime: the zone to show it in, ``""`` for none.
    """

    kind: Kind
    data: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_] | None = None
    levels: tuple[str, ...] = ()
    zone: str = ""

    def __post_init__(self) -> None:
        if self.data.dtype != DTYPES[self.kind] or self.data.ndim != 1:
            raise TypeError(
                f"a {self.kind} column needs a flat {DTYPES[self.kind]} array, not {self.data.dtype}"
            )

    @classmethod
    def of_texts(
        cls, values: Iterable[str | None], kind: Kind = "text", levels: Sequence[str] = ()
    ) -> Column:
        """Build a coded column from texts.

        Parameters
        ----------
        values : iterable of str or None
        levels : sequence of str
            The levels of a factor; texts add what they meet.

        Raises
        ------
        InvalidInput
            A factor's value is none of its levels.
        """
        codes = {level: code for code, level in enumerate(levels)}
        if kind == "text":
            data = [-1 if value is None else codes.setdefault(value, len(codes)) for value in values]
        else:
            try:
                data = [-1 if value is None else codes[value] for value in values]
            except KeyError as unknown:
                raise InvalidInput(f"{unknown.args[0]!r} is none of the levels {list(levels)}") from None
        return cls(kind, np.array(data, DTYPES[kind]), levels=tuple(codes))

    @property
    def n_rows(self) -> int:
        """Number of values."""
        return len(self.data)

    def rows(self, start: int, stop: int) -> Column:
        """Return the values from `start` up to `stop`, sharing memory."""
        missing = None if self.missing is None else self.missing[start:stop]
        return replace(self, data=self.data[start:stop], missing=missing)

    def to_list(self) -> list[Any]:
        """Return plain Python values: float, int, bool or str, and None where missing.

        Dates and datetimes are ISO 8601 texts, datetimes in UTC with a ``Z``.
        """
        if self.kind in CODED:
            texts = (*self.levels, None)  # code -1 finds the last
            return [texts[code] for code in self.data.tolist()]
        if self.kind == "date":
            values: list[Any] = np.datetime_as_string(self.data.astype("M8[D]")).tolist()
        elif self.kind == "datetime":
            values = [
                _iso(text) for text in np.datetime_as_string(self.data.view("M8[ns]"), unit="us").tolist()
            ]
        else:
            values = self.data.tolist()
        if self.missing is not None:
            for row in np.flatnonzero(self.missing).tolist():
                values[row] = None
        return values


def _iso(text: str) -> str:
    """Shorten ``…05.678000`` to ``…05.678`` and mark it as UTC."""
    return text.rstrip("0").rstrip(".") + "Z" if "." in text else text + "Z"


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length.

    Parameters
    ----------
    columns : dict of str to Column
        In order.
    n_rows : int
        Needed besides, because a table may have rows and no columns.
    """

    columns: dict[str, Column]
    n_rows: int

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if column.n_rows != self.n_rows:
                raise InvalidInput(
                    f"column {name!r} has {column.n_rows} values where the table has {self.n_rows} rows"
                )

    def rows(self, start: int, stop: int) -> Table:
        """Return the rows from `start` up to `stop`, sharing memory."""
        cut = {name: column.rows(start, stop) for name, column in self.columns.items()}
        return Table(cut, max(0, min(stop, self.n_rows) - start))

    def records(self) -> list[dict[str, Any]]:
        """Return one dict per row, of plain Python values (see `Column.to_list`)."""
        if not self.columns:
            return [{} for _ in range(self.n_rows)]
        names = tuple(self.columns)
        rows = zip(*(column.to_list() for column in self.columns.values()), strict=True)
        return [dict(zip(names, row, strict=True)) for row in rows]


@dataclass(frozen=True, eq=False)
class Array:
    """Numbers or truths without names, in one or more dimensions; the first counts the rows."""

    data: npt.NDArray[Any]

    def __post_init__(self) -> None:
        if self.data.dtype.kind not in "fiub" or self.data.ndim < 1:
            raise TypeError(f"an array holds numbers or truths in rows, not {self.data.dtype}")

    @property
    def n_rows(self) -> int:
        """Length of the first dimension."""
        return len(self.data)

    def rows(self, start: int, stop: int) -> Array:
        """Return the rows from `start` up to `stop`, sharing memory."""
        return Array(self.data[start:stop])


@dataclass(frozen=True, eq=False)
class Json:
    """Anything else that JSON can say: a ready text, which is passed on as it is.

    It has no rows, so it is never batched.
    """

    text: str


Block: TypeAlias = Column | Table | Array | Json
