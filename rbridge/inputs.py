"""Columns as the model was trained on them: factors with all their levels, Date or POSIXct.

A signature knows texts and times only, and JSON not even the second; what they stand for in R is
written beside the crate (see `rbridge.section`), or told by the model itself (`rbridge.model_columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pycore.errors import SignatureMismatch
from pycore.models.columns import CODED, DTYPES, Column, Kind, Table
from rbridge.model_columns import ModelColumns
from rbridge.section import CrateSection
from rbridge.unseen_levels import none_of

_NS_PER_DAY = 86_400_000_000_000


class InputTypes:
    """The columns whose types in R are known, and how each is made.

    Parameters
    ----------
    section : CrateSection
        What was recorded counts before what the model says.
    columns : ModelColumns, optional
    """

    def __init__(self, section: CrateSection, columns: ModelColumns | None = None) -> None:
        self._columns = columns or ModelColumns()
        self._makers: dict[str, Callable[[Column], Column]] = {}
        for name, levels in self._columns.levels.items():
            match self._columns.classes[name]:
                case "character":
                    self._makers[name] = _TextChecker(levels)
                case "numeric":
                    self._makers[name] = _without_texts
                case "ordered":
                    self._makers[name] = _FactorMaker(levels, "ordered")
                case _:
                    self._makers[name] = _FactorMaker(levels, "factor")
        for name, kind in section.input_types.items():
            if kind == "Date":
                self._makers[name] = _to_date
            elif kind == "POSIXct":
                self._makers[name] = _TimeMaker(section.input_zones.get(name, ""))
        for name, levels in section.input_levels.items():
            ordered = section.input_types.get(name) == "ordered"
            self._makers[name] = _FactorMaker(levels, "ordered" if ordered else "factor")

    def apply(self, table: Table) -> Table:
        """Return the table with these columns in their types; others are left alone.

        Raises
        ------
        SignatureMismatch
            Names every column that is missing, every value that is no level of its column, and every text
            that is no date.
        """
        columns = self._chosen(table)
        missing = [name for name in self._columns.names if name not in columns]
        faults = [f"missing column {name!r}, by which the model was fitted" for name in missing]
        for name, make in self._makers.items():
            if name in columns:
                try:
                    columns[name] = make(columns[name])
                except _Unfit as unfit:
                    faults.append(f"column {name!r}: {unfit}")
        if faults:
            raise misfit(faults)
        return Table(columns, table.n_rows)

    def _chosen(self, table: Table) -> dict[str, Column]:
        """Return the columns that the model is given."""
        columns = dict(table.columns)
        names = self._columns.names
        if list(columns) == [str(at) for at in range(len(names))]:
            # Rows without names, as many values in each as the model wants.
            return dict(zip(names, columns.values(), strict=True))
        if self._columns.exact:
            return {name: columns[name] for name in names if name in columns}
        return columns


def misfit(faults: Sequence[str]) -> SignatureMismatch:
    """Return the error that tells all faults of the rows, to raise."""
    return SignatureMismatch(f"The rows do not fit the model: {'; '.join(faults)}.")


class _Unfit(Exception):
    """A column that cannot become what the model was trained on."""


class _FactorMaker:
    """Makes factors with certain levels."""

    def __init__(self, levels: Sequence[str], kind: Kind) -> None:
        self._levels = tuple(levels)
        self._code_of = {level: code for code, level in enumerate(levels)}
        self._kind = kind

    def __call__(self, column: Column) -> Column:
        coded = column if column.kind in CODED else Column.of_texts(_level_texts(column))
        _check_levels(coded, self._levels)
        # One more at the end, for the code -1 of missing values.
        codes = np.array([*(self._code_of.get(level, -1) for level in coded.levels), -1], DTYPES["factor"])
        return Column(self._kind, codes[coded.data], levels=self._levels)


class _TextChecker:
    """Leaves texts as they are, once all of them are among those the model was fitted on."""

    def __init__(self, levels: Sequence[str]) -> None:
        self._levels = tuple(levels)

    def __call__(self, column: Column) -> Column:
        if column.kind in CODED:
            _check_levels(column, self._levels)
        return column


def _without_texts(column: Column) -> Column:
    if column.kind == "text":
        raise _Unfit(
            "expected numbers, got texts; a model that was fitted on a factor here keeps no levels of it, so "
            "log it again with an input example that has the factor"
        )
    return column


def _check_levels(coded: Column, levels: Sequence[str]) -> None:
    used = np.unique(coded.data[coded.data >= 0]).tolist()
    unknown = [coded.levels[code] for code in used if coded.levels[code] not in levels]
    if unknown:
        raise _Unfit(none_of(unknown, levels))


def _level_texts(column: Column) -> list[str | None]:
    """Return values as R's factor() names its levels: 1 rather than 1.0, TRUE rather than True."""
    values = column.to_list()
    if column.kind == "logical":
        return [None if value is None else str(value).upper() for value in values]
    if column.kind == "double":
        return [None if value is None or value != value else f"{value:.15g}" for value in values]
    return [None if value is None else str(value) for value in values]


def _to_date(column: Column) -> Column:
    match column.kind:
        case "date":
            return column
        case "datetime":
            days = np.floor_divide(column.data, _NS_PER_DAY)
        case "text":
            column = _parsed(column)
            days = np.floor_divide(column.data, _NS_PER_DAY)
        case kind:
            raise _Unfit(f"expected dates such as '2024-01-31', got values of kind {kind}")
    return Column("date", days.astype(DTYPES["date"]), column.missing)


class _TimeMaker:
    """Makes times that R shows in a certain zone; without one, in that they come with."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def __call__(self, column: Column) -> Column:
        times = _to_datetime(column)
        return replace(times, zone=self._zone) if self._zone else times


def _to_datetime(column: Column) -> Column:
    match column.kind:
        case "datetime":
            return column
        case "date":
            return Column("datetime", column.data.astype(np.int64) * _NS_PER_DAY, column.missing, zone="UTC")
        case "text":
            return _parsed(column)
    raise _Unfit(f"expected times such as '2024-01-31T12:00:00Z', got values of kind {column.kind}")


def _parsed(column: Column) -> Column:
    """Read ISO 8601 texts; a model without signature gets dates as such."""
    texts = [level.removesuffix("Z") for level in column.levels]
    try:
        times = np.array([*texts, "NaT"], "M8[ns]").view(np.int64)
    except ValueError as error:
        raise _Unfit(f"expected a date or time in ISO 8601, such as '2024-01-31' ({error})") from error
    missing = column.data < 0
    return Column("datetime", np.where(missing, 0, times[column.data]), missing, zone="UTC")
