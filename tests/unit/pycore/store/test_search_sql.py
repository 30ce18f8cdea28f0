"""Searches in SQL find what the same search in plain Python finds, in the same order and on any page."""

from __future__ import annotations

import math
import random
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycore.entities import Metric, Param, RunStatus, RunTag
from pycore.services import build_api
from pycore.store import Database

NUMBERS = [None, math.nan, math.inf, -math.inf, -1.5, 0.0, 0.0, 0.25, 1e308]
TEXTS = [None, "", "a", "A", "ab", "ä", "z" * 150, "z" * 150 + "a", "_", "%"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """Thirty runs of every mixture, and what they are as plain values."""
    chance = random.Random(11)
    with Database.open(f"sqlite:///{tmp_path_factory.mktemp('search')}/crateflow.db") as database:
        api = build_api(database, None, "/artifacts")
        plain = []
        for i in range(30):
            run = api.runs.create("0", start_time=i // 4, run_name=f"r{i}")
            values = {
                "metric m": chance.choice(NUMBERS),
                "metric n": chance.choice(NUMBERS),
                "param p": chance.choice(TEXTS),
                "tag t": chance.choice(TEXTS),
                "attribute end_time": chance.choice([None, 0, 7]),
                "attribute start_time": i // 4,
                "attribute run_id": run.info.run_id,
            }
            api.runs.log_batch(
                run.info.run_id,
                [Metric(k, values[f"metric {k}"], 1) for k in "mn" if values[f"metric {k}"] is not None],
                [Param("p", values["param p"])] if values["param p"] is not None else [],
                [RunTag("t", values["tag t"])] if values["tag t"] is not None else [],
            )
            api.runs.update(run.info.run_id, RunStatus.FINISHED, values["attribute end_time"])
            plain.append(values)
        yield api, plain


COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "LIKE": lambda a, b: a.startswith(b[:-1]),
    "IS NULL": lambda a, b: a is None,
    "IS NOT NULL": lambda a, b: a is not None,
}

number_clauses = st.tuples(
    st.sampled_from(["metric m", "metric n", "attribute end_time"]),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    st.sampled_from([-1.5, 0.0, 0.25, 3.0, 7.0, 1e308]),
)
text_clauses = st.tuples(
    st.sampled_from(["param p", "tag t"]),
    st.sampled_from(["=", "!=", "LIKE", "IS NULL", "IS NOT NULL"]),
    st.sampled_from([text for text in TEXTS if text is not None]),
)
sorts = st.tuples(
    st.sampled_from(
        ["metric m", "metric n", "param p", "tag t", "attribute end_time", "attribute start_time"]
    ),
    st.booleans(),
)


def written(name, comparator, value):
    left = name.replace(" ", ".") + f" {comparator}"
    if comparator.endswith("NULL"):
        return left
    if comparator == "LIKE":
        return f"{left} '{value.translate({ord('_'): None, ord('%'): None})}%'"
    return f"{left} '{value}'" if isinstance(value, str) else f"{left} {value!r}"


def holds(run, name, comparator, value):
    if run[name] is None:
        return comparator == "IS NULL"
    if comparator == "LIKE":
        value = value.translate({ord("_"): None, ord("%"): None}) + "%"
    return COMPARE[comparator](run[name], value)


def in_order(runs, order):
    """Sort as the grammar says: stable sorts, the least significant field first."""
    named = {name for name, _ in order}
    ties = [("attribute start_time", False), ("attribute run_id", True)]
    for name, ascending in reversed([*order, *(tie for tie in ties if tie[0] not in named)]):
        missing = [run for run in runs if run[name] is None]
        nan = [run for run in runs if run[name] is not None and run[name] != run[name]]
        numbers = [run for run in runs if run[name] is not None and run[name] == run[name]]
        # `reverse` keeps the order of equals, too.
        runs = [*sorted(numbers, key=itemgetter(name), reverse=not ascending), *nan, *missing]
    return runs


@settings(max_examples=150)
@given(
    st.lists(number_clauses | text_clauses, max_size=3),
    st.lists(sorts, max_size=3, unique_by=lambda sort: sort[0]),
    st.integers(1, 12),
)
def test_sql_agrees_with_python(platform, clauses, order, size):
    api, plain = platform
    filter_string = " AND ".join(written(*clause) for clause in clauses)
    order_by = [f"{name.replace(' ', '.')} {'ASC' if up else 'DESC'}" for name, up in order]
    found, token = [], None
    while True:
        page = api.runs.search(["0"], filter_string, max_results=size, order_by=order_by, page_token=token)
        found += page
        token = page.token
        if token is None:
            break
        assert len(page) == size
    matching = [run for run in plain if all(holds(run, *clause) for clause in clauses)]
    expected = in_order(matching, order)
    assert [run.info.run_id for run in found] == [run["attribute run_id"] for run in expected]
