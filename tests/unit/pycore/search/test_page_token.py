"""Page tokens come back as they went, and only to the search they belong to."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.search import Position, read_token, write_token

SCOPE = ("runs", (), "name")

positions = st.builds(
    Position,
    st.integers(0, 2),
    st.lists(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
)


@given(positions)
def test_a_position_comes_back_exactly(position):
    read = read_token(write_token(position, SCOPE), SCOPE)
    assert read == position
    assert [type(value) for value in read.values] == [type(value) for value in position.values]


@given(positions)
def test_a_token_is_plain_text_for_a_url(position):
    token = write_token(position, SCOPE)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_no_position(token):
    assert read_token(token, SCOPE) is None


@given(positions)
def test_a_token_of_another_search_is_refused(position):
    token = write_token(position, SCOPE)
    for other in (("experiments", (), "name"), ("runs", ("x",), "name"), ("runs", ()), (*SCOPE, 1)):
        with pytest.raises(InvalidInput, match="page token"):
            read_token(token, other)


@given(positions, st.data())
def test_a_changed_token_is_refused(position, data):
    token = write_token(position, SCOPE)
    at = data.draw(st.integers(0, len(token) - 2))
    changed = data.draw(st.sampled_from("AZaz09-_"))
    assume(token[at] != changed)
    with pytest.raises(InvalidInput, match="page token"):
        read_token(token[:at] + changed + token[at + 1 :], SCOPE)


@given(st.text(min_size=1))
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidInput, match="page token"):
        read_token(text, SCOPE)
