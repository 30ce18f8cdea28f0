"""LIKE and ILIKE, compared with what they mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, create_engine, literal, select

from pycore.store.patterns import fixed_prefix, like, matches_ignoring_case

pieces = st.text(st.sampled_from(list("ab%_*?[]\\'^-é\n")), max_size=8)
engine = create_engine("sqlite://")


@given(pieces, pieces)
def test_like_on_sqlite_is_a_whole_match_without_escapes(pattern, value):
    meaning = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
    with engine.connect() as connection:
        found = connection.execute(select(like(literal(value), pattern, "sqlite"))).scalar()
    assert bool(found) == bool(re.fullmatch(meaning, value, re.DOTALL))


def test_like_elsewhere_has_no_escapes_either():
    condition = like(column("name"), r"a\_b%", "postgresql")
    assert condition.compile().params == {"name_1": r"a\\_b%"}


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("gr%", "GRÖSSE", True),
        ("GRÖ%", "größe", True),
        ("a_c", "A\nC", True),
        ("a", "ab", False),
        ("", "", True),
        ("a.c", "abc", False),
    ],
)
def test_ilike_follows_unicode(pattern, value, matches):
    assert matches_ignoring_case(pattern, value) is matches


def test_ilike_of_nothing_is_nothing():
    assert matches_ignoring_case("%", None) is None


@pytest.mark.parametrize(
    ("pattern", "prefix"), [("ab%", "ab"), ("a_b", "a"), ("%b", ""), ("ab", "ab"), ("", "")]
)
def test_what_a_match_begins_with(pattern, prefix):
    assert fixed_prefix(pattern) == prefix
