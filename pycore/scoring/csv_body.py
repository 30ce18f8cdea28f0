"""CSV bodies: a header line, then one line per row, values typed by the signature or by their looks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from pycore.errors import InvalidInput
from pycore.models.columns import Table
from pycore.models.enforce import table_from_columns
from pycore.models.schema import Schema
from pycore.scoring.body_limit import UNLIMITED, BodyLimit

#: Cells that mean no value, in text columns too.
#: Source: MLflow scoring protocol, CSV, which takes them from pandas.read_csv.
_MISSING = frozenset({"", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"}) | {
    *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN")
}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_csv(text: str, schema: Schema | None, limit: BodyLimit = UNLIMITED) -> Table:
    """Read a CSV body into a table.

    Parameters
    ----------
    text : str
        The first line names the columns; commas separate, quotes quote, blank lines do not count. A first
        column without a name is left out.
    schema : Schema, optional
        Types of the columns; without it integers, numbers and truths are told by their looks.
    limit : BodyLimit
        Of the cells that short lines leave out.

    Raises
    ------
    PayloadTooLarge
    SignatureMismatch
        The columns do not fit the schema.
    InvalidInput
        The text is no CSV, or a line has more cells than the header.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise InvalidInput(f"The body is not CSV: {error}.", "BAD_REQUEST") from error
    if not lines:
        raise InvalidInput("The body is empty; the first line of CSV names the columns.", "BAD_REQUEST")
    header, *rows = lines
    if len(header) > 1 and header[0] == "" and not (schema and "" in schema.input_names()):
        # The index that pandas writes before the columns.
        header = header[1:]
        rows = [row[1:] for row in rows]
    for number, row in enumerate(rows, start=1):
        if len(row) > len(header):
            raise InvalidInput(
                f"Row {number} has {len(row)} cells, the header line {len(header)}.", "BAD_REQUEST"
            )
    lacking = len(rows) * len(header) - sum(map(len, rows))
    limit.check_gaps("The table of the CSV", lacking)
    if lacking:
        rows = [row + [""] * (len(header) - len(row)) for row in rows]
    cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * len(header)
    columns: dict[str, Sequence[Any]] = {}
    for name, texts in zip(_distinct(header), cells, strict=True):
        values = [None if text in _MISSING else text for text in texts]
        columns[name] = values if schema else _guess(values)
    return table_from_columns(columns, schema, len(rows))


def _distinct(names: Sequence[str]) -> list[str]:
    """Number repeated names as ``a``, ``a.1``, ``a.2``."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        distinct.append(f"{name}.{count}" if count else name)
    return distinct


def _guess(values: list[str | None]) -> list[Any]:
    """Return the values as truths, integers or numbers if all of them look so."""
    for read in (_TRUTHS.__getitem__, _int, _float):
        try:
            return [None if value is None else read(value) for value in values]
        except (KeyError, ValueError):
            continue
    return list(values)


def _int(text: str) -> int:
    return int(_without_underscore(text))


def _float(text: str) -> float:
    return float(_without_underscore(text))


def _without_underscore(text: str) -> str:
    """Refuse what only Python takes for a number."""
    if "_" in text:
        raise ValueError(text)
    return text
