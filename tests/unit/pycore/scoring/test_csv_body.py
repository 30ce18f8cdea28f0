"""CSV bodies, typed by the signature or by their looks."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.schema import ColSpec, Schema
from pycore.scoring.csv_body import read_csv


def columns(table):
    return {name: (column.kind, column.to_list()) for name, column in table.columns.items()}


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ("1 2", "integer", [1, 2]),
        ("1 2.5", "double", [1.0, 2.5]),
        ("1 NA", "integer", [1, None]),
        ("1e3 -2", "double", [1000.0, -2.0]),
        ("true FALSE", "logical", [True, False]),
        ("1 a", "text", ["1", "a"]),
        ("0x1F 2024-01-02", "text", ["0x1F", "2024-01-02"]),
        ("a null", "text", ["a", None]),
        ("1_000 2", "text", ["1_000", "2"]),
    ],
)
def test_without_signature_the_looks_decide(cells, kind, values):
    body = "\n".join(["x", *cells.split()])
    assert columns(read_csv(body, None)) == {"x": (kind, values)}


def test_a_signature_decides_types_and_order():
    schema = Schema([ColSpec("string", "s"), ColSpec("boolean", "b"), ColSpec("double", "d")])
    table = read_csv("d,more,b,s\n1,9,TRUE,007\nNA,9,0,N/A\n", schema)
    assert columns(table) == {
        "s": ("text", ["007", None]),
        "b": ("logical", [True, False]),
        "d": ("double", [1.0, None]),
    }


def test_a_header_alone_is_a_table_without_rows():
    assert columns(read_csv("x\n", Schema([ColSpec("double", "x")]))) == {"x": ("double", [])}


def test_quotes_blank_lines_and_short_rows():
    table = read_csv('a,"b, or c"\r\n\r\n"say ""x""",2\r\nlone\r\n', None)
    assert columns(table) == {"a": ("text", ['say "x"', "lone"]), "b, or c": ("integer", [2, None])}


def test_a_repeated_name_is_numbered():
    assert list(read_csv("a,a,a\n1,2,3\n", None).columns) == ["a", "a.1", "a.2"]


@pytest.mark.parametrize(
    ("body", "says"),
    [("", "empty"), ("\n\n", "empty"), ("a\n1,2\n", "Row 1 has 2 cells"), ('a\n"open\n', "not CSV")],
)
def test_what_is_no_csv(body, says):
    with pytest.raises(InvalidInput, match=says) as caught:
        read_csv(body, None)
    assert caught.value.error_code == "BAD_REQUEST"


def test_all_faults_together():
    schema = Schema([ColSpec("double", "x"), ColSpec("long", "n"), ColSpec("double", "gone")])
    with pytest.raises(SignatureMismatch) as caught:
        read_csv("x,n\n1,1\nabc,1.5\n", schema)
    assert all(part in caught.value.message for part in ("'gone'", "'abc'", "'1.5'"))


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2
        )
    )
)
def test_any_text_survives(rows):
    body = io.StringIO()
    csv.writer(body, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    schema = Schema([ColSpec("string", "a"), ColSpec("string", "b")])
    table = read_csv(body.getvalue(), schema)
    read = list(zip(*(column.to_list() for column in table.columns.values()), strict=True))
    for row, given_row in zip(read, rows, strict=True):
        assert all(got in (text, None) for got, text in zip(row, given_row, strict=True))
