"""Rules of runs that only show in process: settings, clocks, wrong types."""

from __future__ import annotations

import logging

import pytest

from pycore.entities import Metric, Param, RunTag
from pycore.errors import InvalidInput


@pytest.fixture
def run_id(api):
    """A run that logged nothing."""
    return api.runs.create("0", run_name="r").info.run_id


def test_long_values_are_refused_when_told_so(api, run_id, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", "false")
    api.runs.log_batch(run_id, params=[Param("p", "x" * 6000)], tags=[RunTag("t", "x" * 8000)])
    with pytest.raises(InvalidInput, match="exceeds the maximum length of 6000"):
        api.runs.log_param(run_id, Param("q", "x" * 6001))
    with pytest.raises(InvalidInput, match="exceeds the maximum length of 8000"):
        api.runs.set_tag(run_id, RunTag("u", "x" * 8001))


def test_a_cut_is_noted(api, run_id, caplog):
    with caplog.at_level(logging.WARNING):
        api.runs.log_param(run_id, Param("p", "x" * 6001))
    assert "'p' was cut to 6000 characters" in caplog.text


def test_the_clock_gives_the_start(api):
    first, second = api.runs.create("0"), api.runs.create("0")
    assert second.info.start_time == first.info.start_time + 1
    assert int(second.info.run_id, 16) == int(first.info.run_id, 16) + 1


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        (Metric("m", "many", 1), "expected a number"),
        (Metric("m", None, 1), "expected a number"),
        (Metric("m", 10**400, 1), "expected a number"),
        (Metric("m", 1.0, 1.5), "the timestamp of the metric 'm'"),
        (Metric("m", 1.0, None), "the timestamp of the metric 'm'"),
        (Metric("m", 1.0, 1, "3"), "the step of the metric 'm'"),
        (Metric("m", 1.0, 1, 2**63), "the step of the metric 'm'"),
    ],
)
def test_wrong_types_in_a_metric(api, run_id, metric, says):
    with pytest.raises(InvalidInput, match=says):
        api.runs.log_metric(run_id, metric)
    assert api.metrics.get_history(run_id, "m") == []


def test_a_truth_value_is_a_number(api, run_id):
    api.runs.log_metric(run_id, Metric("m", True, 1))
    assert api.runs.get(run_id).data.metrics == {"m": 1.0}


@pytest.mark.parametrize("entry", [Param("p", 1), Param("p", None), Param(None, "1")])
def test_wrong_types_in_a_param(api, run_id, entry):
    with pytest.raises(InvalidInput):
        api.runs.log_param(run_id, entry)


@pytest.mark.parametrize("max_results", [0, -1, 1.5, "10", None, True])
def test_wrong_page_sizes(api, max_results):
    with pytest.raises(InvalidInput, match="max_results"):
        api.runs.search(["0"], max_results=max_results)


def test_a_history_that_somebody_overwrote(api, run_id):
    api.runs.set_tag(run_id, RunTag("mlflow.log-model.history", "mine"))
    model = '{"run_id": "r", "artifact_path": "m", "utc_time_created": "now", "flavors": {}}'
    with pytest.raises(InvalidInput, match="delete it first"):
        api.runs.log_model(run_id, model)
    assert api.runs.get(run_id).data.tags["mlflow.log-model.history"] == "mine"
