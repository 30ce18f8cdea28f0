import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pycore.errors import InvalidInput
from pycore.models.input_example import (
    convert_input_example_to_serving_input,
    read_example,
    read_params,
    write_example,
)
from pycore.models.signature import infer_signature

NAN = float("nan")


@pytest.mark.parametrize("example", [object(), {"a": [1, {2}]}, pd.DataFrame({"a": [1j]}), (1, {"k": {2}})])
def test_what_json_cannot_say_is_refused_before_anything_is_written(tmp_path, example):
    for use in (
        lambda: write_example(tmp_path, example),
        lambda: convert_input_example_to_serving_input(example),
    ):
        with pytest.raises(
            InvalidInput, match=r"^The input is or holds a (object|set|complex), for which JSON"
        ):
            use()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("example", "info", "content", "serving"),
    [
        (
            pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
            {"type": "dataframe", "pandas_orient": "split"},
            {"columns": ["a", "b"], "data": [[1, "x"], [2, None]]},
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, None]]}},
        ),
        (
            pd.DataFrame([[1.0, NAN]]),
            {"type": "dataframe", "pandas_orient": "values"},
            {"data": [[1.0, None]]},
            {"dataframe_split": {"data": [[1.0, None]]}},
        ),
        (
            pd.DataFrame({"t": pd.to_datetime(["2024-01-02"])}),
            {"type": "dataframe", "pandas_orient": "split"},
            {"columns": ["t"], "data": [["2024-01-02T00:00:00"]]},
            {"dataframe_split": {"columns": ["t"], "data": [["2024-01-02T00:00:00"]]}},
        ),
        (np.array([[1.0, NAN]]), {"type": "ndarray"}, [[1.0, None]], {"inputs": [[1.0, None]]}),
        ({"a": np.array([1])}, {"type": "ndarray"}, {"a": [1]}, {"inputs": {"a": [1]}}),
        (
            sparse.csr_matrix([[0, 2]]),
            {"type": "sparse_matrix_csr"},
            {"data": [2], "indices": [1], "indptr": [0, 1], "shape": [1, 2]},
            {"inputs": [[0, 2]]},
        ),
        ({"a": 1}, {"type": "json_object"}, {"a": 1}, {"inputs": {"a": 1}}),
        (["x", 1], {"type": "json_object"}, ["x", 1], {"inputs": ["x", 1]}),
        (b"ab", {"type": "json_object"}, "YWI=", {"inputs": "YWI="}),
        ({"messages": []}, {"type": "json_object"}, {"messages": []}, {"messages": []}),
        (
            (np.array([1]), {"k": 2}),
            {"type": "ndarray", "params": "true"},
            {"inputs": [1], "params": {"k": 2}},
            {"inputs": [1], "params": {"k": 2}},
        ),
        (
            (pd.DataFrame({"a": [1]}), {"k": 2}),
            {"type": "dataframe", "pandas_orient": "split", "params": "true"},
            {"inputs": {"columns": ["a"], "data": [[1]]}, "params": {"k": 2}},
            {"dataframe_split": {"columns": ["a"], "data": [[1]]}, "params": {"k": 2}},
        ),
    ],
    ids=lambda part: str(part)[:20],
)
def test_an_example_is_written_as_given_and_as_a_request(tmp_path, example, info, content, serving):
    paths = {"artifact_path": "input_example.json", "serving_input_path": "serving_input_example.json"}
    assert write_example(tmp_path, example) == paths | info
    assert json.loads((tmp_path / "input_example.json").read_text()) == content
    assert json.loads((tmp_path / "serving_input_example.json").read_text()) == serving


def test_a_series_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="give a DataFrame"):
        write_example(tmp_path, pd.Series([1]))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"d": [1.5, NAN], "s": ["x", "é"], "b": [True, False]}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-02T03:04:05.678"]).as_unit("ns")}),
        pd.DataFrame([[1.0, 2.0]]),
        pd.DataFrame({"i": pd.Series([1, 2], dtype="int32"), "l": [2**40, 1]}),
    ],
)
def test_a_frame_comes_back_with_its_types(tmp_path, frame):
    info = write_example(tmp_path, frame)
    back = read_example(tmp_path, info, infer_signature(frame).inputs)
    pd.testing.assert_frame_equal(back, frame, check_column_type=False)


def test_arrays_come_back_with_their_types(tmp_path):
    array = np.array([[1.5, NAN]], "float32")
    back = read_example(tmp_path, write_example(tmp_path, array), infer_signature(array).inputs)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == "float32"
    named = {"x": np.array([1, 2]), "s": np.array(["a", "b"])}
    back = read_example(tmp_path, write_example(tmp_path, named))
    assert {name: values.tolist() for name, values in back.items()} == {"x": [1, 2], "s": ["a", "b"]}


def test_a_sparse_matrix_and_plain_objects_come_back(tmp_path):
    matrix = sparse.csc_matrix([[0, 2], [1, 0]])
    back = read_example(tmp_path, write_example(tmp_path, matrix))
    assert back.format == "csc"
    assert back.toarray().tolist() == [[0, 2], [1, 0]]
    assert read_example(tmp_path, write_example(tmp_path, ({"a": 1}, {"k": 1}))) == {"a": 1}


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (None, "[]"),
        ({"artifact_path": "gone.json", "type": "ndarray"}, "[]"),
        ({"artifact_path": "../secret.json", "type": "json_object"}, "[]"),
        ({"type": "odd"}, "[]"),
        ({"type": "dataframe"}, "{"),
        ({"type": "dataframe"}, "[]"),
        ({"type": "dataframe"}, '{"columns": ["a"]}'),
        ({"type": "sparse_matrix_csr"}, "{}"),
        ({"type": "ndarray", "params": "true"}, "[]"),
    ],
)
def test_an_example_that_cannot_be_read_is_none(tmp_path, info, text):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.json").write_text('"secret"')
    (folder / "input_example.json").write_text(text)
    assert read_example(folder, info) is None


def test_nan_as_other_writers_put_it_is_read(tmp_path):
    (tmp_path / "input_example.json").write_text('{"columns": ["a"], "data": [[NaN], [1.5]]}')
    back = read_example(tmp_path, {"type": "dataframe"})
    assert back["a"].isna().tolist() == [True, False]


def test_the_request_of_an_example_and_its_params(tmp_path):
    example = (pd.DataFrame({"a": [1]}), {"k": 2})
    info = write_example(tmp_path, example)
    request = convert_input_example_to_serving_input(example)
    assert request is not None
    assert json.loads(request) == {"dataframe_split": {"columns": ["a"], "data": [[1]]}, "params": {"k": 2}}
    assert read_params(tmp_path, info) == {"k": 2}

    assert convert_input_example_to_serving_input(None) is None
    assert read_params(tmp_path, write_example(tmp_path, {"a": 1})) is None
    assert read_params(tmp_path / "nothing", info) is None
