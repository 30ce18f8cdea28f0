import math
from typing import Any

import numpy as np
import pytest

from pycore.entities import Metric, Param, RunTag
from pycore.errors import InvalidInput
from pycore.tracking import values


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        (np.float32(0.25), 0.25),
        (np.int64(3), 3.0),
        (np.array(2.0), 2.0),
        (np.array([[2.0]]), 2.0),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
    ],
)
def test_anything_that_is_one_number_is_a_metric(given: Any, expected: float) -> None:
    point = values.metric("rmse", given, timestamp=7, step=2)

    assert point == Metric("rmse", expected, 7, 2)
    assert type(point.value) is float


def test_nan_is_kept() -> None:
    assert math.isnan(values.metric("rmse", math.nan).value)


@pytest.mark.parametrize("given", ["abc", None, [1.0], np.array([1.0, 2.0]), {}, 1j])
def test_anything_else_is_refused_by_name(given: Any) -> None:
    with pytest.raises(InvalidInput, match="The value of metric 'rmse' must be one number, got"):
        values.metric("rmse", given)


def test_a_long_value_is_shown_in_part() -> None:
    with pytest.raises(InvalidInput) as caught:
        values.metric("rmse", "x" * 1000)
    assert len(caught.value.message) < 1300
    assert "…" in caught.value.message


def test_step_and_time_have_defaults_and_a_fraction_of_a_step_is_cut() -> None:
    before = values.now_ms()
    point = values.metric("rmse", 1, step=2.9)  # type: ignore[arg-type]

    assert point.step == 2
    assert before <= point.timestamp <= values.now_ms()
    assert values.metric("rmse", 1).step == 0


def test_metrics_of_one_call_have_one_time() -> None:
    points = values.metrics({"a": 1, "b": np.array([2])}, step=1)

    assert [(point.key, point.value, point.step) for point in points] == [("a", 1.0, 1), ("b", 2.0, 1)]
    assert points[0].timestamp == points[1].timestamp


def test_params_and_tags_are_text() -> None:
    assert values.params({"a": None, "b": 0.1}) == [Param("a", "None"), Param("b", "0.1")]
    assert values.tags(RunTag, {"a": True}) == [RunTag("a", "True")]
    assert values.tags(RunTag, None) == []


def test_a_key_must_be_text() -> None:
    with pytest.raises(InvalidInput, match="is a string, not 1"):
        values.params({1: "x"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, []), ([], []), ("12", ["12"]), (12, ["12"]), (["1", 2], ["1", "2"]), (("a",), ["a"])],
)
def test_one_text_is_one_item(given: Any, expected: list[str]) -> None:
    assert values.texts(given) == expected


@pytest.mark.parametrize(("given", "expected"), [(3, "3"), ("3", "3")])
def test_a_version_is_a_number_or_its_text(given: Any, expected: str) -> None:
    assert values.version_text(given) == expected


@pytest.mark.parametrize("given", [None, 1.5, True, ["1"]])
def test_nothing_else_is_a_version(given: Any) -> None:
    with pytest.raises(InvalidInput, match="A model version is a number such as 1 or '1'"):
        values.version_text(given)
