"""Which content types are read, and that others are told so."""

import pytest

from pycore.errors import UnsupportedMediaType
from pycore.scoring.content_type import body_format, wants_arrow


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, "json"),
        ("", "json"),
        ("application/json", "json"),
        ("APPLICATION/JSON", "json"),
        ("application/json;", "json"),
        ("application/json; charset=utf-8", "json"),
        ('application/json ; charset="UTF-8"', "json"),
        ("application/json; format=pandas-split", "json"),
        ("application/json;format=pandas-records; charset=utf-8", "json"),
        ("application/vnd.apache.arrow.stream", "arrow"),
        ("text/csv", "csv"),
        ("text/csv;charset=Utf-8", "csv"),
    ],
)
def test_what_is_read(header, found):
    assert body_format(header) == found


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("text/json", "application/json, text/csv"),
        ("text/plain", "'text/plain'"),
        ("application/x-www-form-urlencoded", "application/json"),
        ("application/json-numpy-split", "application/json"),
        ("application/json; format=pandas-table", "'dataframe_split'"),
        ("text/csv; format=pandas-split", "'dataframe_split'"),
        ("text/csv; header=present", "'header=present'"),
        ("application/json; charset=latin-1", "UTF-8"),
    ],
)
def test_what_is_not(header, says):
    with pytest.raises(UnsupportedMediaType, match=says):
        body_format(header)


@pytest.mark.parametrize(
    ("accept", "arrow"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("application/vnd.apache.arrow.stream", True),
        ("application/json;q=0.5, Application/vnd.apache.arrow.stream;q=1", True),
    ],
)
def test_only_who_asks_for_arrow_gets_it(accept, arrow):
    assert wants_arrow(accept) is arrow
