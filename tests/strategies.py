"""Hypothesis strategies for the platform's own data; new kinds of data join here."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pycore.models.columns import CODED, DTYPES, Array, Column, Json, Table

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@st.composite
def columns(draw, n_rows: int | None = None, kinds=tuple(DTYPES)) -> Column:
    """Columns of any kind, with missing values, extreme numbers and texts of any script."""
    kind = draw(st.sampled_from(kinds))
    n = draw(st.integers(0, 8)) if n_rows is None else n_rows
    if kind in CODED:
        levels = draw(st.lists(texts, min_size=1, max_size=4, unique=True))
        codes = draw(hnp.arrays(DTYPES[kind], n, elements=st.integers(-1, len(levels) - 1)))
        return Column(kind, codes, levels=tuple(levels))
    bounds = {"date": (-100_000, 100_000), "datetime": (-(2**60), 2**60)}.get(kind)
    elements = st.integers(*bounds) if bounds else None
    data = draw(hnp.arrays(DTYPES[kind], n, elements=elements))
    missing = draw(st.none() | hnp.arrays(np.dtype(bool), n))
    return Column(kind, data, missing, zone="UTC" if kind == "datetime" else "")


@st.composite
def tables(draw, kinds=tuple(DTYPES)) -> Table:
    """Tables of up to four columns."""
    n_rows = draw(st.integers(0, 6))
    names = draw(st.lists(texts.filter(bool), max_size=4, unique=True))
    return Table({name: draw(columns(n_rows, kinds)) for name in names}, n_rows)


def arrays() -> st.SearchStrategy[Array]:
    """Arrays of one to three dimensions."""
    return st.builds(
        Array,
        hnp.arrays(
            st.sampled_from(["<f8", "<f4", "<i4", "<i8", "|u1", "|b1"]).map(np.dtype),
            hnp.array_shapes(max_dims=3, max_side=4, min_side=0),
        ),
    )


def blocks() -> st.SearchStrategy[Column | Table | Array | Json]:
    """Anything that travels between processes."""
    return columns() | tables() | arrays() | st.builds(Json, texts)
