"""Joining requests and cutting answers never loses, changes or swaps a row."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import columns, tables

from pycore.errors import InvalidInput
from pycore.models.batches import batch_key, concatenate, split
from pycore.models.columns import Array, Block, Column, Json, Table


def values(block: Block) -> object:
    """Plain values that compare, NaN with NaN too."""
    if isinstance(block, Table):
        return repr([{name: column.to_list() for name, column in block.columns.items()}, block.n_rows])
    return repr(block.to_list() if isinstance(block, Column) else block.data.tolist())


def cut_somewhere(draw, block):
    at = sorted(draw(st.lists(st.integers(0, block.n_rows), max_size=3)))
    edges = [0, *at, block.n_rows]
    return [block.rows(start, stop) for start, stop in pairwise(edges)]


@given(st.data(), st.one_of(columns(), tables()))
def test_parts_of_a_block_join_to_the_block_and_split_to_the_parts(data, block):
    parts = cut_somewhere(data.draw, block)
    joined = concatenate(parts)
    assert values(joined) == values(block)
    assert [values(part) for part in split(joined, parts)] == [values(part) for part in parts]


@given(st.data())
def test_texts_of_different_levels_join(data):
    parts = [data.draw(columns(kinds=("text",))) for _ in range(3)]
    joined = concatenate(parts)
    assert joined.to_list() == [text for part in parts for text in part.to_list()]
    assert len(set(joined.levels)) == len(joined.levels)


def test_arrays_join_by_rows():
    first, second = Array(np.arange(6.0).reshape(3, 2)), Array(np.zeros((1, 2)))
    assert concatenate([first, second]).data.shape == (4, 2)


def test_a_missing_mask_of_one_part_is_kept():
    plain = Column("integer", np.array([1, 2], "<i4"))
    masked = Column("integer", np.array([3], "<i4"), np.array([True]))
    assert concatenate([plain, masked]).to_list() == [1, 2, None]


def number(n_rows: int, kind: str = "double") -> Column:
    return Column(kind, np.zeros(n_rows, {"double": "<f8", "integer": "<i4"}[kind]))


def test_the_key_is_that_of_the_columns_and_params_not_of_the_rows():
    table = Table({"a": number(1)}, 1)
    assert batch_key(table, {}) == batch_key(Table({"a": number(7)}, 7), {})
    others = [
        (Table({"b": number(1)}, 1), {}),
        (Table({"a": number(1, "integer")}, 1), {}),
        (table, {"type": "class"}),
        (number(1), {}),
        (Array(np.zeros((1, 2))), {}),
        (Array(np.zeros((1, 3))), {}),
        (Array(np.zeros((1, 3), "<f4")), {}),
    ]
    keys = [batch_key(block, params) for block, params in others]
    assert len({batch_key(table, {}), *keys}) == len(others) + 1


def test_texts_share_a_key_whatever_they_say_and_factors_by_their_levels():
    def text(value, kind="text", levels=()):
        return batch_key(Column.of_texts([value], kind, levels), {})

    assert text("a") == text("b")
    assert text("a", "factor", ("a", "b")) == text("b", "factor", ("a", "b"))
    assert text("a", "factor", ("a", "b")) != text("a", "factor", ("a", "c"))


def test_json_is_never_scored_together():
    assert batch_key(Json("[1]"), {}) is None
    with pytest.raises(InvalidInput, match="no rows"):
        concatenate([Json("1"), Json("2")])


@pytest.mark.parametrize(
    "parts",
    [
        [number(1), Array(np.zeros(1))],
        [number(1), number(1, "integer")],
        [Table({"a": number(1)}, 1), Table({"b": number(1)}, 1)],
        [Array(np.zeros((1, 2))), Array(np.zeros((1, 3)))],
    ],
)
def test_blocks_of_different_layout_are_not_joined(parts):
    with pytest.raises(InvalidInput):
        concatenate(parts)


@pytest.mark.parametrize("result", [number(2), number(4), Json("[1, 2, 3]")])
def test_a_result_of_another_length_is_not_cut(result):
    with pytest.raises(InvalidInput, match="for 3"):
        split(result, [number(1), number(2)])
