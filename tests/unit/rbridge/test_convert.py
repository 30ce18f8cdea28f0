"""What goes into R and comes out again: each kind by round trip, each shape of result by example.

R runs in its child process, so every value crosses the frames as well.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import columns, tables, texts

from pycore.errors import InvalidInput, ModelError, RCallError
from pycore.models.columns import CODED, DTYPES, Array, Column, Json, Table

_IN_R = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
_SUBNORMAL = 5e-324


def doubles(*values: float) -> Column:
    return Column("double", np.array(values, "<f8"))


@pytest.fixture(scope="module")
def run(load):
    """Evaluate R code in which `x` is the data, three doubles unless given."""

    def run(code: str, data=None):
        return load("run").score(doubles(1, 2, 3) if data is None else data, {"code": code})

    return run


def _comparable(column: Column) -> list:
    """Values such that equal means: the same in R, double NaN by their bits."""
    if column.kind in CODED:
        return column.to_list()
    missing = np.zeros(column.n_rows, bool) if column.missing is None else column.missing
    data = column.data.view("<u8") if column.kind == "double" else column.data
    return [None if gone else value for gone, value in zip(missing.tolist(), data.tolist(), strict=True)]


def _fits_r(column: Column) -> bool:
    """R's integers have no -2**31, its other integers no more than 53 bits, its NA is one of the NaN."""
    present = column.data if column.missing is None else column.data[~column.missing]
    if column.kind == "integer":
        return True
    if column.kind == "long":
        return bool((np.abs(present.astype(object)) <= 2**53).all())
    if column.kind == "double":
        low = present.view("<u8") & np.uint64(0xFFFFFFFF)
        return not (np.isnan(present) & (low == 1954)).any()
    return True


def _assert_same(sent: Column, came: Column) -> None:
    kind = sent.kind
    if kind == "long" or (kind == "integer" and came.kind == "double"):
        assert came.kind in ("integer", "double")
        assert came.to_list() == sent.to_list()
    elif kind == "datetime":
        assert (came.kind, came.zone) == (kind, sent.zone)
        for was, now in zip(_comparable(sent), _comparable(came), strict=True):
            assert (was is None) == (now is None)
            # R's doubles tell microseconds apart, up to the year 2100.
            assert was is None or abs(was - now) <= 1000
    else:
        assert came.kind == kind
        assert _comparable(came) == _comparable(sent)
        if kind in ("factor", "ordered"):
            assert came.levels == sent.levels


class TestRoundTrip:
    @given(column=columns().filter(lambda column: column.n_rows > 0 and _fits_r(column)))
    @_IN_R
    def test_column_of_any_kind(self, load, column):
        _assert_same(column, load("identity").score(column, {}))

    @given(
        table=tables().filter(lambda table: table.n_rows > 0 and all(map(_fits_r, table.columns.values())))
    )
    @_IN_R
    def test_table(self, load, table):
        came = load("identity").score(table, {})
        assert isinstance(came, Table)
        assert came.n_rows == table.n_rows
        assert list(came.columns) == list(table.columns)
        for name, column in table.columns.items():
            _assert_same(column, came.columns[name])

    @given(
        array=hnp.arrays(
            st.sampled_from(["<f8", "<f4", "<i4", "<u2", "|b1"]).map(np.dtype),
            hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=4),
        )
    )
    @_IN_R
    def test_array(self, load, array):
        if array.dtype.kind == "i":
            array = np.maximum(array, -(2**31) + 1)
        came = load("identity").score(Array(array), {})
        np.testing.assert_array_equal(came.data, array)

    @given(bits=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
    @example(bits=[0x7FF8000000000001, 0xFFF0000000000001, 0x8000000000000000, 1, 0x7FEFFFFFFFFFFFFF])
    @_IN_R
    def test_every_bit_of_a_double(self, load, bits):
        column = Column("double", np.array(bits, "<u8").view("<f8"))
        if _fits_r(column):
            came = load("identity").score(column, {})
            assert came.data.view("<u8").tolist() == bits

    @given(text=texts)
    @example(text="é ü 日本 🎈")
    @example(text="NA")
    @example(text="")
    @_IN_R
    def test_text_and_column_name(self, load, text):
        table = Table({text or "x": Column.of_texts([text, None])}, 2)
        came = load("identity").score(table, {})
        assert came.columns[text or "x"].to_list() == [text, None]

    def test_na_and_nan_stay_apart(self, run):
        column = Column("double", np.array([0.0, math.nan, -0.0]), np.array([True, False, False]))
        assert run("is.na(x) & !is.nan(x)", column).to_list() == [True, False, False]
        came = run("x", column)
        assert came.missing.tolist() == [True, False, False]
        assert math.copysign(1, came.data[2]) == -1

    def test_columns_are_what_r_would_make(self, run):
        table = Table(
            {
                "a b": doubles(1, _SUBNORMAL),
                "f": Column("factor", np.array([1, -1], "<i4"), levels=("lo", "hi")),
                "o": Column("ordered", np.array([0, 1], "<i4"), levels=("lo", "hi")),
                "d": Column("date", np.array([19_723, 0], "<i4"), np.array([False, True])),
                "t": Column("datetime", np.array([1_704_164_645_678_000_000, 0]), zone="Europe/Paris"),
                "i": Column("integer", np.array([7, 0], "<i4"), np.array([False, True])),
                "l": Column("long", np.array([2**40, -1])),
                "b": Column("logical", np.array([True, False]), np.array([False, True])),
                "s": Column.of_texts(["é", None]),
            },
            2,
        )
        expected = """{ y <- data.frame(a = c(1, 5e-324), f = factor(c("hi", NA), c("lo", "hi")),
          o = factor(c("lo", "hi"), c("lo", "hi"), ordered = TRUE), d = as.Date(c("2024-01-01", NA)),
          t = as.POSIXct(c("2024-01-02 04:04:05.678", "1970-01-01 01:00:00"), tz = "Europe/Paris"),
          i = c(7L, NA), l = c(2^40, -1), b = c(TRUE, NA), s = c("\\u00e9", NA))
          names(y)[1] <- "a b"; identical(x, y) }"""
        assert run(expected, table).to_list() == [True]

    def test_array_becomes_vector_and_matrix(self, run):
        assert run("identical(x, c(5.4, 6))", Array(np.array([5.4, 6.0]))).to_list() == [True]
        assert run("identical(x, rbind(1:3, 4:6))", Array(np.arange(1, 7).reshape(2, 3))).to_list() == [True]
        assert run("identical(x, c(TRUE, FALSE))", Array(np.array([True, False]))).to_list() == [True]

    def test_json_becomes_lists_and_vectors(self, run):
        told = Json(
            '{"a": [1, null, 3], "b": ["x", null], "c": [1.5, 2], "d": {"e": true}, "f": [1, "x"], "g": null}'
        )
        code = """identical(x, list(a = c(1L, NA, 3L), b = c("x", NA), c = c(1.5, 2), d = list(e = TRUE),
          f = list(1L, "x"), g = NULL))"""
        assert run(code, told).to_list() == [True]

    def test_table_of_very_many_columns(self, run):
        table = Table({f"x{at}": doubles(at) for at in range(60_000)}, 1)
        assert run("c(ncol(x), x$x59999)", table).to_list() == [60_000, 59_999]

    def test_integer_beyond_double_is_refused(self, load):
        with pytest.raises(InvalidInput, match=r"9007199254740993 is beyond 2\*\*53"):
            load("identity").score(Column("long", np.array([2**53 + 1])), {})

    @pytest.mark.parametrize("text", ["a\0b"])
    def test_text_that_r_cannot_hold_is_refused(self, load, text):
        with pytest.raises(InvalidInput, match="NUL character"):
            load("identity").score(Column.of_texts([text]), {})


class TestResult:
    @pytest.mark.parametrize(
        ("code", "kind", "values"),
        [
            ("c(a = 1, b = 2.5, c = NA)", "double", [1.0, 2.5, None]),
            ("c(2, NA, NaN)[-3]", "double", [2.0, None]),
            ("c(1L, NA)", "integer", [1, None]),
            ("c(TRUE, NA, FALSE)", "logical", [True, None, False]),
            ("c(u = 'é', v = NA)", "text", ["é", None]),
            ("factor(c('b', NA, 'a'), levels = c('b', 'a', 'z'))", "factor", ["b", None, "a"]),
            ("addNA(factor(c('b', NA)))", "factor", ["b", None]),
            ("factor(c('lo', 'hi'), c('lo', 'hi'), ordered = TRUE)", "ordered", ["lo", "hi"]),
            ("matrix(c(1, 2, 3), dimnames = list(NULL, 's1'))", "double", [1.0, 2.0, 3.0]),
            ("matrix(c('a', 'b'), 2, 1)", "text", ["a", "b"]),
            ("array(1:3, 3, list(c('a', 'b', 'c')))", "integer", [1, 2, 3]),
            ("array(1:3, c(3, 1, 1))", "integer", [1, 2, 3]),
            ("as.Date('2024-01-02') + c(0, NA)", "date", ["2024-01-02", None]),
            ("as.POSIXct('2024-01-02 03:04:05.678', tz = 'UTC')", "datetime", ["2024-01-02T03:04:05.678Z"]),
            ("as.POSIXlt('2024-01-02 04:04:05', tz = 'Europe/Paris')", "datetime", ["2024-01-02T03:04:05Z"]),
            ("as.difftime(c(1, 2), units = 'mins')", "double", [60.0, 120.0]),
            ("table(c('a', 'b', 'b'))", "integer", [1, 2]),
            ("stats::ts(c(1, 2), start = 2020)", "double", [1.0, 2.0]),
            ("structure(c(5e-324, -0.0), class = 'integer64')", "long", [1, None]),
            ("structure(list(predictions = c(1, 2)), class = 'ranger.prediction')", "double", [1.0, 2.0]),
            ("c(1+2i, NA)", "text", ["1+2i", None]),
            ("structure(c(1, 2), class = c('odd', 'class'), note = 'kept?')", "double", [1.0, 2.0]),
            ("list(1, 2, 3)", "double", [1.0, 2.0, 3.0]),
            ("NULL", "double", []),
            ("list()", "double", []),
            ("character()", "text", []),
            ("iconv('caf\\u00e9', 'UTF-8', 'latin1')", "text", ["café"]),
        ],
    )
    def test_vector(self, run, code, kind, values):
        result = run(code)
        assert isinstance(result, Column)
        assert (result.kind, result.to_list()) == (kind, values)

    @pytest.mark.parametrize(
        ("code", "records"),
        [
            (
                "matrix(c(1, 0, 0, 1), 2, dimnames = list(NULL, c('setosa', 'other')))",
                [{"setosa": 1.0, "other": 0.0}, {"setosa": 0.0, "other": 1.0}],
            ),
            ("matrix(1:2, 1, dimnames = list('row', c('a', 'a')))", [{"a": 1, "a.1": 2}]),
            ("matrix(c(TRUE, NA), 1, dimnames = list(NULL, c('a', '')))", [{"a": True, "V2": None}]),
            ("array(1:4, c(2, 2, 1), list(NULL, c('a', 'b'), NULL))", [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
            ("stats::ts(cbind(a = 1:2, b = 3:4))", [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
            (
                "data.frame(n = 1:2, f = factor(c('u', NA)), row.names = c('r1', 'r2'))",
                [{"n": 1, "f": "u"}, {"n": 2, "f": None}],
            ),
            (
                "list(class = factor(c('a', 'b', 'a')), posterior = cbind(a = 1:3, b = 4:6))",
                [
                    {"class": "a", "posterior.a": 1, "posterior.b": 4},
                    {"class": "b", "posterior.a": 2, "posterior.b": 5},
                    {"class": "a", "posterior.a": 3, "posterior.b": 6},
                ],
            ),
            (
                "list(fit = c(1, 2, 3), m = matrix(1:6, 3))[1:2]",
                [{"fit": float(n), "m.1": n, "m.2": n + 3} for n in (1, 2, 3)],
            ),
            (
                "list(list(a = 1, b = 'x'), list(a = 2, b = NA))",
                [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": None}],
            ),
            (
                "{ d <- data.frame(a = 1:2); d$m <- matrix(3:6, 2); d }",
                [{"a": 1, "m.1": 3, "m.2": 5}, {"a": 2, "m.1": 4, "m.2": 6}],
            ),
        ],
    )
    def test_table(self, run, code, records):
        result = run(code)
        assert isinstance(result, Table)
        assert result.records() == records

    def test_tibble(self, run):
        assert run("tibble::tibble(a = 1:2, b = c('x', 'y'))").records() == [
            {"a": 1, "b": "x"},
            {"a": 2, "b": "y"},
        ]

    @pytest.mark.parametrize("n_rows", [1, 2])
    def test_shape_does_not_depend_on_the_number_of_rows(self, run, n_rows):
        data = doubles(*range(n_rows))
        assert run("list(class = factor(x), x = matrix(x, length(x), 2))", data).n_rows == n_rows
        assert run("matrix(0, length(x), 2)", data).data.shape == (n_rows, 2)
        assert isinstance(run("matrix(x)", data), Column)

    def test_table_without_rows_and_without_columns(self, run):
        assert run("data.frame(a = integer())").records() == []
        empty = run("data.frame(a = 1:2)[, FALSE]")
        assert (empty.n_rows, list(empty.columns)) == (2, [])

    @pytest.mark.parametrize(
        ("code", "rows"),
        [
            ("matrix(c(1.5, 2, 3, 4), 2)", [[1.5, 3.0], [2.0, 4.0]]),
            ("matrix(1:4, 2)", [[1, 3], [2, 4]]),
            ("matrix(c(TRUE, FALSE), 1)", [[True, False]]),
            ("array(1:8, c(2, 2, 2))", [[[1, 5], [3, 7]], [[2, 6], [4, 8]]]),
        ],
    )
    def test_array(self, run, code, rows):
        result = run(code)
        assert isinstance(result, Array)
        assert result.data.tolist() == rows

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            ("list(pred = stats::ts(c(1, 2)), se = 0.5)", {"pred": [1.0, 2.0], "se": [0.5]}),
            ("list(a = NULL, b = NA, c = list(d = 'x'))", {"a": None, "b": [None], "c": {"d": ["x"]}}),
            ("list(a = list(b = list(c = 1)), d = list(list(1)))", {"a": {"b": {"c": [1.0]}}, "d": [[1.0]]}),
            ("list('a', 2)", [["a"], [2.0]]),
            ("matrix(c('a', NA, 'c', 'd'), 2)", [["a", "c"], [None, "d"]]),
            ("matrix(c(1L, NA), 1)", [[1, None]]),
            ("as.raw(1:3)", "AQID"),
            (
                "{ d <- data.frame(a = 1:2); d$l <- list(1:2, 'x'); d }",
                [{"a": 1, "l": [1, 2]}, {"a": 2, "l": ["x"]}],
            ),
            ("list(n = c(1, NaN, Inf), d = data.frame(a = 1))", {"n": [1.0, None, None], "d": [{"a": 1.0}]}),
        ],
    )
    def test_json(self, run, code, value):
        result = run(code)
        assert isinstance(result, Json)
        assert orjson.loads(result.text) == value

    def test_sparse_matrix(self, run):
        assert run("Matrix::Matrix(c(0, 1, 0, 2), 2, sparse = TRUE)").data.tolist() == [
            [0.0, 0.0],
            [1.0, 2.0],
        ]

    @pytest.mark.parametrize(
        ("code", "named"),
        [
            ("sum", "function"),
            ("new.env()", "environment"),
            ("quote(a + b)", "call"),
            ("quote(a)", "name"),
            ("list(1, mean)", "function"),
            ("list(a = globalenv())", "environment"),
            ("methods::getClass('numeric')", "classRepresentation"),
            ("stats::y ~ x", "formula"),
        ],
    )
    def test_what_is_no_data_is_refused(self, run, code, named):
        with pytest.raises(ModelError, match=f"the model returned an object of class .*{named}") as raised:
            run(code)
        assert not isinstance(raised.value, RCallError)

    @pytest.mark.parametrize("code", ["as.Date(1e12, origin = '1970-01-01')", ".POSIXct(1e12)"])
    def test_time_beyond_ours_is_refused(self, run, code):
        with pytest.raises(ModelError, match="cannot be sent as data"):
            run(code)

    def test_nan_payload_survives_the_way_out(self, run):
        result = run("x", Column("double", np.array([0x7FF800000000BEEF], "<u8").view("<f8")))
        assert struct.pack("<d", result.data[0]) == (0x7FF800000000BEEF).to_bytes(8, "little")


def test_kinds_are_all_covered():
    assert set(DTYPES) == {"double", "integer", "long", "logical", *CODED, "date", "datetime"}
