"""Several requests scored as one: when they may be, how they are joined, how the answer is cut."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, cast

import numpy as np
import orjson

from pycore.errors import InvalidInput
from pycore.models.columns import DTYPES, Array, Block, Column, Json, Table


def batch_key(block: Block, params: Mapping[str, Any]) -> str | None:
    """Return a text that two requests share if they may be scored together; None for never.

    Equal keys mean equal params and equal columns: names, order, kinds, zones, and the levels of factors.
    """
    match block:
        case Column():
            layout: list[Any] = _column_layout(block)
        case Table():
            layout = [[name, *_column_layout(column)] for name, column in block.columns.items()]
        case Array():
            layout = [block.data.dtype.str, *block.data.shape[1:]]
        case Json():
            return None
    key = orjson.dumps([type(block).__name__, layout]).decode()
    # The slower writer tells NaN, infinities and null apart, which are different params.
    return key + json.dumps(params, sort_keys=True, default=str) if params else key


def concatenate(blocks: Sequence[Block]) -> Block:
    """Return one block with the rows of all, in order; they must have the same key.

    Raises
    ------
    InvalidInput
        The blocks differ in more than their rows.
    """
    first = blocks[0]
    if any(type(block) is not type(first) for block in blocks):
        raise InvalidInput("only blocks of one type can be joined")
    match first:
        case Column():
            return _concatenate_columns(cast("Sequence[Column]", blocks))
        case Table():
            tables = cast("Sequence[Table]", blocks)
            if any(list(table.columns) != list(first.columns) for table in tables):
                raise InvalidInput("only tables of the same columns can be joined")
            columns = {
                name: _concatenate_columns([table.columns[name] for table in tables])
                for name in first.columns
            }
            return Table(columns, sum(table.n_rows for table in tables))
        case Array():
            arrays = cast("Sequence[Array]", blocks)
            if any(array.data.shape[1:] != first.data.shape[1:] for array in arrays):
                raise InvalidInput("only arrays whose rows have one shape can be joined")
            return Array(np.concatenate([array.data for array in arrays]))
        case Json():
            raise InvalidInput("JSON texts have no rows to join")


def split(block: Block, like: Sequence[Block]) -> list[Block]:
    """Cut a block into consecutive parts, each with as many rows as its counterpart in `like`.

    Raises
    ------
    InvalidInput
        The rows do not add up; nothing is cut then.
    """
    counts = [0 if isinstance(other, Json) else other.n_rows for other in like]
    if isinstance(block, Json) or block.n_rows != sum(counts):
        found = "no rows" if isinstance(block, Json) else f"{block.n_rows} rows"
        raise InvalidInput(f"the model returned {found} for {sum(counts)}")
    ends = list(accumulate(counts))
    return [block.rows(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _column_layout(column: Column) -> list[Any]:
    # The levels of a text are only those it contains; of a factor they are part of its type.
    levels = [] if column.kind == "text" else list(column.levels)
    return [column.kind, column.zone, levels]


def _concatenate_columns(columns: Sequence[Column]) -> Column:
    first = columns[0]
    if any(_column_layout(column) != _column_layout(first) for column in columns):
        raise InvalidInput("only columns of one kind can be joined")
    if first.kind == "text":
        return _concatenate_texts(columns)
    missing = None
    if any(column.missing is not None for column in columns):
        missing = np.concatenate(
            [np.zeros(c.n_rows, np.bool_) if c.missing is None else c.missing for c in columns]
        )
    data = np.concatenate([column.data for column in columns])
    return Column(first.kind, data, missing, first.levels, first.zone)


def _concatenate_texts(columns: Sequence[Column]) -> Column:
    codes: dict[str, int] = {}
    parts = []
    for column in columns:
        translated = [codes.setdefault(text, len(codes)) for text in column.levels]
        # Code -1, a missing text, finds the last place.
        parts.append(np.array([*translated, -1], DTYPES["text"])[column.data])
    return Column("text", np.concatenate(parts), levels=tuple(codes))
