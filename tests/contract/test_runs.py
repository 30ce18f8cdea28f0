"""What `pycore.protocols.Runs` promises of a run's life and of what it logs."""

from __future__ import annotations

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from pycore.entities import Metric, Param, RunStatus, RunTag
from pycore.errors import InvalidInput, NotFound

NAME_TAG = "mlflow.runName"


def test_a_new_run_is_running(api, experiment):
    run = api.runs.create(
        experiment.experiment_id,
        user_id="ada",
        start_time=123,
        tags=[RunTag("mlflow.user", "bob"), RunTag("k", "1"), RunTag("k", "2")],
        run_name="first",
    )
    info = run.info
    assert re.fullmatch("[0-9a-f]{32}", info.run_id)
    assert (info.run_name, info.user_id, info.status, info.lifecycle_stage) == (
        "first",
        "ada",
        "RUNNING",
        "active",
    )
    assert (info.start_time, info.end_time) == (123, None)
    assert info.artifact_uri == f"{experiment.artifact_location}/{info.run_id}/artifacts"
    assert run.data.tags == {"mlflow.user": "bob", "k": "2", NAME_TAG: "first"}
    assert api.runs.get(info.run_id) == run


def test_a_run_starts_now_unless_told(api, experiment):
    assert api.runs.create(experiment.experiment_id).info.start_time > 1_600_000_000_000


def test_a_run_without_a_name_gets_one(api, experiment):
    run = api.runs.create(experiment.experiment_id)
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{1,3}", run.info.run_name)
    assert len(run.info.run_name) <= 20
    assert run.data.tags == {NAME_TAG: run.info.run_name}


def test_the_name_may_come_as_a_tag(api, experiment):
    run = api.runs.create(experiment.experiment_id, tags=[RunTag(NAME_TAG, "tagged")])
    assert run.info.run_name == "tagged"
    with pytest.raises(InvalidInput, match="differ"):
        api.runs.create(experiment.experiment_id, run_name="other", tags=[RunTag(NAME_TAG, "tagged")])


def test_unknown_things_are_not_found(api):
    with pytest.raises(NotFound, match="No Experiment with id=99 exists"):
        api.runs.create("99")
    metric = Metric("m", 1.0, 1)
    for ask in (
        lambda: api.runs.get("nope"),
        lambda: api.runs.update("nope", RunStatus.FINISHED),
        lambda: api.runs.delete("nope"),
        lambda: api.runs.restore("nope"),
        lambda: api.runs.log_metric("nope", metric),
        lambda: api.runs.log_param("nope", Param("p", "1")),
        lambda: api.runs.log_batch("nope", [metric]),
        lambda: api.runs.set_tag("nope", RunTag("t", "1")),
        lambda: api.runs.delete_tag("nope", "t"),
    ):
        with pytest.raises(NotFound, match="Run with id=nope not found"):
            ask()


def test_update_changes_what_is_given(api, run):
    run_id = run.info.run_id
    info = api.runs.update(run_id, RunStatus.FINISHED, 456)
    assert (info.status, info.end_time, info.run_name) == ("FINISHED", 456, "first")
    info = api.runs.update(run_id, status=RunStatus.RUNNING)
    assert (info.status, info.end_time) == ("RUNNING", 456)
    info = api.runs.update(run_id, run_name="second")
    assert info == api.runs.get(run_id).info
    assert api.runs.get(run_id).data.tags[NAME_TAG] == "second"
    assert api.runs.update(run_id, run_name="") == info
    assert api.runs.update(run_id) == info


def test_delete_and_restore_may_be_repeated(api, run):
    run_id = run.info.run_id
    for _ in range(2):
        api.runs.delete(run_id)
        assert api.runs.get(run_id).info.lifecycle_stage == "deleted"
    for _ in range(2):
        api.runs.restore(run_id)
        assert api.runs.get(run_id).info.lifecycle_stage == "active"


def test_a_deleted_run_is_not_written_to(api, run):
    run_id = run.info.run_id
    api.runs.set_tag(run_id, RunTag("t", "1"))
    before = api.runs.get(run_id).data
    api.runs.delete(run_id)
    model = json.dumps({"run_id": run_id, "artifact_path": "m", "utc_time_created": "now", "flavors": {}})
    for write in (
        lambda: api.runs.update(run_id, RunStatus.FAILED),
        lambda: api.runs.log_metric(run_id, Metric("m", 1.0, 1)),
        lambda: api.runs.log_param(run_id, Param("p", "1")),
        lambda: api.runs.log_batch(run_id, tags=[RunTag("t", "2")]),
        lambda: api.runs.set_tag(run_id, RunTag("t", "2")),
        lambda: api.runs.delete_tag(run_id, "t"),
        lambda: api.runs.log_model(run_id, model),
    ):
        with pytest.raises(InvalidInput, match="must be in the 'active' state"):
            write()
    assert api.runs.get(run_id).data == before


def test_a_param_is_written_once(api, run):
    run_id = run.info.run_id
    api.runs.log_param(run_id, Param("alpha", "0.1"))
    api.runs.log_param(run_id, Param("alpha", "0.1"))
    with pytest.raises(InvalidInput, match=r"Changing param values is not allowed.*'alpha'.*'0\.1'.*'0\.2'"):
        api.runs.log_param(run_id, Param("alpha", "0.2"))
    api.runs.log_param(run_id, Param("none", ""))
    assert api.runs.get(run_id).data.params == {"alpha": "0.1", "none": ""}


def test_tags_are_replaced_and_removed(api, run):
    run_id = run.info.run_id
    api.runs.set_tag(run_id, RunTag("t", "1"))
    api.runs.set_tag(run_id, RunTag("t", ""))
    assert api.runs.get(run_id).data.tags["t"] == ""
    api.runs.delete_tag(run_id, "t")
    assert "t" not in api.runs.get(run_id).data.tags
    with pytest.raises(NotFound, match="'t'"):
        api.runs.delete_tag(run_id, "t")


def test_the_name_tag_renames(api, run):
    run_id = run.info.run_id
    api.runs.set_tag(run_id, RunTag(NAME_TAG, "by tag"))
    assert api.runs.get(run_id).info.run_name == "by tag"
    api.runs.log_batch(run_id, tags=[RunTag(NAME_TAG, "by batch")])
    assert api.runs.get(run_id).info.run_name == "by batch"
    api.runs.set_tag(run_id, RunTag(NAME_TAG, ""))
    assert api.runs.get(run_id).info.run_name == "by batch"
    api.runs.delete_tag(run_id, NAME_TAG)
    assert api.runs.get(run_id).info.run_name == "by batch"


def test_the_latest_point_is_that_of_the_highest_step_then_time_then_value(api, run):
    run_id = run.info.run_id
    for value, timestamp, step, latest in (
        (1.0, 99, 4, 1.0),
        (2.0, 10, 5, 2.0),
        (3.0, 99, 4, 2.0),
        (4.0, 10, 5, 4.0),
        (3.5, 10, 5, 4.0),
        (5.0, 11, 5, 5.0),
        (6.0, 12, -3, 5.0),
    ):
        api.runs.log_metric(run_id, Metric("m", value, timestamp, step))
        assert api.runs.get(run_id).data.metrics == {"m": latest}
    (point,) = api.runs.get(run_id).data.metric_points
    assert point == Metric("m", 5.0, 11, 5)


@pytest.mark.parametrize("order", [1, -1])
def test_nan_ranks_as_zero(api, run, order):
    points = [Metric("a", math.nan, 1), Metric("a", -1.0, 1), Metric("b", math.nan, 1), Metric("b", 1.0, 1)]
    for point in points[::order]:
        api.runs.log_metric(run.info.run_id, point)
    metrics = api.runs.get(run.info.run_id).data.metrics
    assert math.isnan(metrics["a"])
    assert metrics["b"] == 1.0


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1.7976931348623157e308, 5e-324, 0.1, 1 / 3, -0.5])
def test_every_number_comes_back_exactly(api, run, value):
    api.runs.log_metric(run.info.run_id, Metric("m", value, 1, 2**62))
    (point,) = api.runs.get(run.info.run_id).data.metric_points
    assert point == Metric("m", value, 1, 2**62)
    assert api.metrics.get_history(run.info.run_id, "m") == [point]


def test_nan_comes_back(api, run):
    api.runs.log_metric(run.info.run_id, Metric("m", math.nan, 1))
    assert math.isnan(api.runs.get(run.info.run_id).data.metrics["m"])
    (point,) = api.metrics.get_history(run.info.run_id, "m")
    assert math.isnan(point.value)


@pytest.mark.parametrize(
    "key", ["a,b", "a%", "(a)", "/a", "a/", "a//b", "a/./b", "../a", ".", "a\tb", "a\n", "k" * 251, ""]
)
def test_illegal_keys_are_refused_everywhere(api, run, key):
    run_id = run.info.run_id
    for write in (
        lambda: api.runs.log_metric(run_id, Metric(key, 1.0, 1)),
        lambda: api.runs.log_param(run_id, Param(key, "1")),
        lambda: api.runs.set_tag(run_id, RunTag(key, "1")),
        lambda: api.runs.log_batch(run_id, [Metric("ok", 1.0, 1)], tags=[RunTag(key, "1")]),
        lambda: api.runs.create(run.info.experiment_id, tags=[RunTag(key, "1")]),
    ):
        with pytest.raises(InvalidInput):
            write()
    assert api.runs.get(run_id).data == run.data


@pytest.mark.parametrize("key", ["a", "A b-c_d.e:f/g", "größe", "随机", "k" * 250, "1", ".a"])
def test_legal_keys_come_back(api, run, key):
    run_id = run.info.run_id
    api.runs.log_batch(run_id, [Metric(key, 1.0, 1)], [Param(key, "p")], [RunTag(key, "t")])
    data = api.runs.get(run_id).data
    assert (data.metrics[key], data.params[key], data.tags[key]) == (1.0, "p", "t")


def test_long_values_are_cut(api, run):
    run_id = run.info.run_id
    api.runs.log_batch(run_id, params=[Param("p", "x" * 6001)], tags=[RunTag("t", "y" * 8001)])
    data = api.runs.get(run_id).data
    assert (data.params["p"], data.tags["t"]) == ("x" * 6000, "y" * 8000)
    api.runs.log_param(run_id, Param("p", "x" * 7000))


@pytest.mark.parametrize("timestamp", [-1, 2**63])
def test_times_out_of_range_are_refused(api, run, timestamp):
    with pytest.raises(InvalidInput, match="timestamp"):
        api.runs.log_metric(run.info.run_id, Metric("m", 1.0, timestamp))


def test_a_batch_logs_everything(api, run):
    run_id = run.info.run_id
    api.runs.log_batch(
        run_id,
        [Metric("m", 2.0, 1, 1), Metric("m", 1.0, 1, 0), Metric("m", 1.0, 1, 0), Metric("n", 3.0, 1)],
        [Param("p", "1"), Param("q", "2")],
        [RunTag("t", "1"), RunTag("t", "2")],
    )
    data = api.runs.get(run_id).data
    assert data.metrics == {"m": 2.0, "n": 3.0}
    assert data.params == {"p": "1", "q": "2"}
    assert data.tags["t"] == "2"
    assert len(api.metrics.get_history(run_id, "m")) == 2
    api.runs.log_batch(run_id, params=[Param("p", "1"), Param("r", "3")])
    assert api.runs.get(run_id).data.params == {"p": "1", "q": "2", "r": "3"}
    api.runs.log_batch(run_id)


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        ({"params": [Param("p", "new"), Param("old", "other")]}, "Changing param values is not allowed"),
        ({"params": [Param("p", "1"), Param("p", "1")]}, "Duplicate parameter keys"),
        ({"tags": [RunTag("bad,key", "1")]}, "bad,key"),
        ({"params": [Param("x" * 251, "1")]}, "exceeds the maximum length of 250"),
        ({"metrics": [Metric("m", 1.0, -5)]}, "timestamp"),
        ({"metrics": [Metric("m", 1.0, i) for i in range(1001)]}, "can contain at most 1000"),
        ({"params": [Param(f"p{i}", "1") for i in range(101)]}, "can contain at most 100"),
        ({"tags": [RunTag(f"t{i}", "1") for i in range(101)]}, "can contain at most 100"),
        (
            {"metrics": [Metric("m", 1.0, i) for i in range(1000)], "tags": [RunTag("t", "1")]},
            "can contain at most 1000",
        ),
    ],
)
def test_a_refused_batch_leaves_nothing(api, run, batch, says):
    run_id = run.info.run_id
    api.runs.log_param(run_id, Param("old", "value"))
    before = api.runs.get(run_id)
    full = {
        "metrics": [Metric("ok", 1.0, 1)],
        "params": [Param("ok", "1")],
        "tags": [RunTag("ok", "1")],
        **batch,
    }
    with pytest.raises(InvalidInput, match=says):
        api.runs.log_batch(run_id, **full)
    assert api.runs.get(run_id) == before
    assert api.metrics.get_history(run_id, "ok") == []


def test_log_model_appends_to_the_history(api, run):
    run_id = run.info.run_id
    for path in ("a", "b"):
        model = {
            "run_id": run_id,
            "artifact_path": path,
            "utc_time_created": "2026-01-01 00:00:00",
            "flavors": {"crate": {"version": "0.1.0", "padding": "x" * 6000}},
            "model_uuid": f"uuid-{path}",
        }
        api.runs.log_model(run_id, json.dumps(model))
    history = json.loads(api.runs.get(run_id).data.tags["mlflow.log-model.history"])
    assert [entry["artifact_path"] for entry in history] == ["a", "b"]
    assert history[1]["model_uuid"] == "uuid-b"
    assert history[1]["flavors"]["crate"]["padding"] == "x" * 6000


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"run_id": "1", "flavors": {}}'])
def test_log_model_refuses_what_is_no_model(api, run, text):
    with pytest.raises(InvalidInput, match="model_json"):
        api.runs.log_model(run.info.run_id, text)
    assert "mlflow.log-model.history" not in api.runs.get(run.info.run_id).data.tags


def test_many_threads_log_to_one_run(api, run):
    run_id = run.info.run_id

    def log(worker):
        for step in range(10):
            api.runs.log_batch(
                run_id,
                [Metric("m", float(step), 1, worker * 10 + step)],
                [Param(f"p{worker}-{step}", "1")],
                [RunTag(f"t{worker}-{step}", "1")],
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(8)))
    data = api.runs.get(run_id).data
    assert len(data.params) == 80
    assert len(data.tags) == 81
    assert [point.step for point in data.metric_points] == [79]
    assert len(api.metrics.get_history(run_id, "m")) == 80
