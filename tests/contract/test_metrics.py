"""What `pycore.protocols.Metrics` promises."""

from __future__ import annotations

import math

import pytest

from pycore.entities import Metric
from pycore.errors import InvalidInput


def all_pages(api, run_id, key, size):
    points, token = [], None
    while True:
        page = api.metrics.get_history(run_id, key, size, token)
        points += page
        token = page.token
        if token is None:
            return points


def test_a_history_is_ordered_by_time_step_and_value(api, run):
    points = [Metric("m", v, t, s) for t in (2, 1) for s in (1, -1) for v in (0.5, -math.inf, math.inf, 0.25)]
    api.runs.log_batch(run.info.run_id, [*points, Metric("other", 1.0, 1)])
    history = api.metrics.get_history(run.info.run_id, "m")
    assert history == sorted(points, key=lambda p: (p.timestamp, p.step, p.value))
    assert history.token is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
def test_pages_hold_every_point_once(api, run, size):
    values = [math.nan, math.inf, 1.0, 2.0, 3.0]
    points = [*(Metric("m", v, 1) for v in values), Metric("m", 1.0, 0), Metric("m", 1.0, 2)]
    api.runs.log_batch(run.info.run_id, points)
    assert [repr(p) for p in all_pages(api, run.info.run_id, "m", size)] == [
        repr(p) for p in api.metrics.get_history(run.info.run_id, "m")
    ]


def test_the_same_point_is_stored_once(api, run):
    for value in (1.0, math.nan, math.inf):
        for _ in range(2):
            api.runs.log_metric(run.info.run_id, Metric("m", value, 1, 1))
    assert len(api.metrics.get_history(run.info.run_id, "m")) == 3


def test_what_does_not_exist_has_no_points(api, run):
    assert api.metrics.get_history(run.info.run_id, "nothing") == []
    assert api.metrics.get_history("nobody", "m") == []


def test_bad_pages_are_refused(api, run):
    run_id = run.info.run_id
    api.runs.log_batch(run_id, [Metric("m", 1.0, i) for i in range(3)])
    token = api.metrics.get_history(run_id, "m", 1).token
    with pytest.raises(InvalidInput, match="max_results"):
        api.metrics.get_history(run_id, "m", -1)
    with pytest.raises(InvalidInput, match="page token"):
        api.metrics.get_history(run_id, "other", 1, token)
    with pytest.raises(InvalidInput, match="page token"):
        api.metrics.get_history(run_id, "m", 1, "AAAA")
