import numpy as np
import pytest

from pycore.errors import InvalidInput
from pycore.models.columns import Array, Column, Table


def column(kind, values, dtype, **more):
    return Column(kind, np.array(values, dtype), **more)


MASK = np.array([False, True])


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (column("double", [0.1, 2], "<f8"), [0.1, 2.0]),
        (column("double", [0.1, 2], "<f8", missing=MASK), [0.1, None]),
        (column("integer", [-(2**31), 7], "<i4", missing=MASK), [-(2**31), None]),
        (column("long", [2**62, 7], "<i8"), [2**62, 7]),
        (column("logical", [True, False], "|b1", missing=MASK), [True, None]),
        (Column.of_texts(["é", None]), ["é", None]),
        (Column.of_texts(["b", None], "factor", ["a", "b"]), ["b", None]),
        (column("date", [0, 19_724], "<i4"), ["1970-01-01", "2024-01-02"]),
        (column("date", [0, 1], "<i4", missing=MASK), ["1970-01-01", None]),
        (
            column("datetime", [1_704_164_645_678_000_000, -1_000], "<i8"),
            ["2024-01-02T03:04:05.678Z", "1969-12-31T23:59:59.999999Z"],
        ),
        (column("datetime", [0, 10_000_000_000], "<i8"), ["1970-01-01T00:00:00Z", "1970-01-01T00:00:10Z"]),
    ],
)
def test_values_come_out_as_plain_python(given, values):
    assert given.to_list() == values
    assert [type(value) for value in given.to_list()] == [type(value) for value in values]


def test_a_factor_keeps_levels_that_do_not_occur():
    assert Column.of_texts(["b"], "factor", ["a", "b", "c"]).levels == ("a", "b", "c")


def test_a_factor_refuses_what_is_none_of_its_levels():
    with pytest.raises(InvalidInput, match=r"'z' is none of the levels \['a', 'b'\]"):
        Column.of_texts(["z"], "factor", ["a", "b"])


def test_a_column_refuses_data_of_another_type():
    with pytest.raises(TypeError, match="a double column needs a flat float64 array, not int64"):
        Column("double", np.array([1]))


def test_a_table_refuses_columns_of_unequal_length():
    with pytest.raises(InvalidInput, match="column 'b' has 1 values where the table has 2 rows"):
        Table({"a": column("double", [1, 2], "<f8"), "b": column("double", [1], "<f8")}, 2)


def test_rows_of_a_table_are_cut_with_their_missing_values():
    table = Table({"a": column("integer", [1, 2, 3], "<i4", missing=np.array([False, True, False]))}, 3)
    assert table.rows(1, 3).records() == [{"a": None}, {"a": 3}]


def test_a_table_without_columns_still_has_rows():
    assert Table({}, 2).records() == [{}, {}]
    assert Table({}, 2).rows(1, 5).n_rows == 1


def test_an_array_holds_numbers_only():
    with pytest.raises(TypeError, match="numbers or truths"):
        Array(np.array(["a"]))
