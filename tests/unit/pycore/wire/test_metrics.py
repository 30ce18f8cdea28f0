from __future__ import annotations

import math

import pytest
from builders import metric
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts
from wire_travel import int64s, travelled

from pycore.entities import Metric
from pycore.errors import InvalidInput
from pycore.wire import metrics
from pycore.wire.request import Arguments


def parts(point: Metric) -> tuple[object, ...]:
    """Return a point's fields, comparable though NaN differs from itself."""
    return point.key, repr(point.value), point.timestamp, point.step


def test_integers_of_other_servers_may_come_as_text_and_zeros_not_at_all():
    body = {"key": "k", "value": "NaN", "timestamp": "5", "step": "7"}
    assert parts(metrics.from_json(body)) == parts(Metric("k", math.nan, 5, 7))
    assert metrics.from_json({"key": "k", "value": 1.0}) == Metric("k", 1.0, 0, 0)


@given(st.builds(Metric, texts.filter(bool), st.floats(), int64s, int64s))
def test_points_there_and_back_as_reply_and_as_request(point):
    body = travelled(metrics.to_json(point))
    assert parts(metrics.from_json(body)) == parts(point)
    assert parts(metrics.from_arguments(Arguments(body))) == parts(point)


@pytest.mark.parametrize("field", ["key", "value", "timestamp"])
def test_a_request_without_a_required_field_is_refused(field):
    body = metrics.to_json(metric())
    del body[field]
    with pytest.raises(InvalidInput, match=f"Missing value for required parameter '{field}'"):
        metrics.from_arguments(Arguments(body))


def test_the_step_is_zero_unless_given():
    body = metrics.to_json(metric())
    del body["step"]
    assert metrics.from_arguments(Arguments(body)).step == 0
