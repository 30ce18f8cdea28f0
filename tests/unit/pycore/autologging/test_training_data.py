import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import pycore as mlflow
from pycore.autologging.training_data import training_data

FRAME = pd.DataFrame({"x": [1.5, 2.5], "kind": ["a", "b"]})
LONG = pd.DataFrame({"x": np.arange(30_000.0), "y": 1})


def test_a_frame_and_its_target_are_one_table():
    found = training_data(FRAME, pd.Series([0, 1], name="y"))
    by_hand = mlflow.data.from_pandas(FRAME.assign(y=[0, 1]), targets="y")
    assert found.dataset == by_hand.to_entity()
    pd.testing.assert_frame_equal(found.example, FRAME)
    assert '"name": "target"' in training_data(FRAME, [[0], [1]]).dataset.schema
    # Several targets are no column.
    assert training_data(FRAME, np.ones((2, 2))).dataset.digest == mlflow.data.from_pandas(FRAME).digest


@pytest.mark.parametrize(
    ("rows", "shape"),
    [
        (np.ones((3, 2)), [3, 2]),
        (sparse.coo_matrix(np.eye(3)), [3, 3]),
        ([[1, 2], [3, 4]], [2, 2]),
        (np.ones((2, 4, 4, 3)), [2, 4, 4, 3]),
    ],
)
def test_arrays_of_every_kind(rows, shape):
    profile = json.loads(training_data(rows, np.zeros(shape[0])).dataset.profile)
    assert profile["features_shape"] == shape
    assert profile["targets_shape"] == shape[:1]


def test_a_series_is_a_table_of_one_column():
    assert json.loads(training_data(pd.Series([1.0, 2.0], name="flow")).dataset.profile)["num_rows"] == 2


@pytest.mark.parametrize(
    "rows", [None, "rows.csv", iter([1]), np.float64(1), [], [[1], [2, 3]], pd.DataFrame()]
)
def test_what_is_no_table_at_hand_is_left_alone(rows):
    assert training_data(rows) is None


@pytest.mark.parametrize("rows", [LONG, LONG.to_numpy(), sparse.csr_matrix(LONG.to_numpy())])
def test_of_long_data_a_part_is_read(rows):
    found = training_data(rows, np.zeros(30_000))
    assert found.example.shape == (5, 2)
    profile = json.loads(found.dataset.profile)
    assert profile.get("num_rows", profile.get("features_shape", [0])[0]) == 30_000
    # The same data have the same digest, others another, longer ones too.
    assert training_data(rows, np.zeros(30_000)).dataset.digest == found.dataset.digest
    assert training_data(rows, np.ones(30_000)).dataset.digest != found.dataset.digest
    assert training_data(rows[:29_999], np.zeros(29_999)).dataset.digest != found.dataset.digest


def test_rows_may_be_a_part_of_what_was_read():
    found = training_data(FRAME, n_rows=1000)
    assert json.loads(found.dataset.profile) == {"num_rows": 1000, "num_elements": 2000}
    assert found.dataset.digest != training_data(FRAME).dataset.digest
