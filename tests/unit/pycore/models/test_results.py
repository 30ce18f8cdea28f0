import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pycore.errors import ModelError
from pycore.models.columns import Array, Column, Json, Table
from pycore.models.results import block_from_result

INF = float("inf")


@pytest.mark.parametrize(
    ("result", "dtype", "values"),
    [
        (np.array([1.0, 2.5]), "float64", [1.0, 2.5]),
        (np.array([[1, 2], [3, 4]]), "int64", [[1, 2], [3, 4]]),
        (np.array([True]), "bool", [True]),
        (np.array([0.1], "float32"), "float32", [0.10000000149011612]),
        (np.array([0.5], np.longdouble), "float64", [0.5]),
        (sparse.csr_matrix([[0, 1]]), "int64", [[0, 1]]),
    ],
)
def test_arrays_of_numbers_stay_arrays(result, dtype, values):
    block = block_from_result(result)
    assert isinstance(block, Array)
    assert block.data.dtype == dtype
    assert block.data.tolist() == values


@pytest.mark.parametrize(
    ("result", "values"),
    [
        (np.array(["x", None], dtype=object), ["x", None]),
        (np.array(["x"]), ["x"]),
        (np.array(["2024-01-02T03:04:05.678"], "M8[ns]"), ["2024-01-02T03:04:05.678Z"]),
        (np.array([1, 2.5], dtype=object), [1.0, 2.5]),
    ],
)
def test_arrays_of_other_single_values_become_columns(result, values):
    block = block_from_result(result)
    assert isinstance(block, Column)
    assert block.to_list() == values


@pytest.mark.parametrize(
    ("result", "records"),
    [
        (
            pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 6]),
            [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        ),
        (pd.DataFrame([[1, 2]]), [{"0": 1, "1": 2}]),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), [{"a": 2}]),
        (pd.DataFrame({"a": []}, dtype=float), []),
        (pd.Series([1.5], name="q"), [{"q": 1.5}]),
        (pd.Series([1.5, 2.5]), [{"0": 1.5}, {"0": 2.5}]),
    ],
)
def test_frames_and_series_become_tables(result, records):
    block = block_from_result(result)
    assert isinstance(block, Table)
    assert block.records() == records


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (3, "3"),
        (2**80, str(2**80)),
        (1 / 3, "0.3333333333333333"),
        ("é", '"\\u00e9"'),
        (True, "true"),
        (None, "null"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.array(5.0), "5.0"),
        ([1.0, float("nan"), INF, -INF], "[1.0, null, null, null]"),
        ({"a": np.arange(2), 3: [(1, "x")], None: 1, True: 2},
         '{"a": [0, 1], "3": [[1, "x"]], "null": 1, "true": 2}'),
        (b"a" * 60, '"' + "YWFh" * 20 + '"'),
        ([dt.datetime(2024, 1, 2, 3, 4, 5, 678000)], '["2024-01-02T03:04:05.678000"]'),
        ([dt.date(2024, 1, 2), dt.time(3, 4)], '["2024-01-02", "03:04:00"]'),
        ([np.datetime64("2024-01-02"), pd.NaT, pd.NA, np.datetime64("NaT")],
         '["2024-01-02T00:00:00", null, null, null]'),
        ([Decimal("1.5")], "[1.5]"),
        ({"f": pd.DataFrame({"a": [1]}), "s": pd.Series([1, None], dtype="Int64")},
         '{"f": [{"a": 1}], "s": [1, null]}'),
        (pd.DataFrame({"a": [[1], [2]]}), '[{"a": [1]}, {"a": [2]}]'),
        (np.array([[1, "a"]], dtype=object), '[[1, "a"]]'),
        (np.array([["2024-01-02"]], "M8[ns]"), '[["2024-01-02T00:00:00"]]'),
        (np.array([{"a": 1}], dtype=object), '[{"a": 1}]'),
        ((), "[]"),
    ],
)  # fmt: skip
def test_everything_else_becomes_json(result, text):
    block = block_from_result(result)
    assert isinstance(block, Json)
    assert block.text == text
    json.loads(block.text)


@pytest.mark.parametrize(
    ("result", "name"),
    [
        (1j, "complex"),
        ({1}, "set"),
        (iter([]), "list_iterator"),
        (np.array([1j]), "complex"),
        ([dt.timedelta(1)], "datetime.timedelta"),
        (np.timedelta64(1, "s"), "numpy.timedelta64"),
        (pd.DataFrame({"a": pd.to_timedelta([1])}), "Timedelta"),
    ],
)
def test_what_json_cannot_say_is_named(result, name):
    with pytest.raises(ModelError, match=f"The model returned a .*{name}, for which JSON has no form"):
        block_from_result(result)
