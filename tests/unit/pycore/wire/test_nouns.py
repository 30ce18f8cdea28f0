from __future__ import annotations

import math

import pytest
from builders import RUN_ID, TIME_MS, experiment, metric, model_version, registered_model, run, run_info
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from pycore.entities import FileInfo, Metric, Param, RunData, RunTag, VersionNumber
from pycore.errors import InvalidInput
from pycore.wire import artifacts, experiments, metrics, model_versions, registered_models, runs
from pycore.wire.encoding import dumps, loads, next_page_token, page_to_json
from pycore.wire.request import Arguments

INT64 = st.integers(-(2**63), 2**63 - 1)
POINTS = st.builds(Metric, texts, st.floats(), INT64, INT64)
TAGS = st.dictionaries(texts, texts, max_size=3)


def travelled(body):
    return loads(dumps(body))


def same(a: Metric, b: Metric) -> bool:
    return (a.key, a.timestamp, a.step) == (b.key, b.timestamp, b.step) and (
        a.value == b.value or (math.isnan(a.value) and math.isnan(b.value))
    )


def test_an_experiment_has_the_types_of_the_protocol():
    assert experiments.to_json(experiment(tags={"a": "b"})) == {
        "experiment_id": "1",
        "name": "iris",
        "artifact_location": "mlflow-artifacts:/1",
        "lifecycle_stage": "active",
        "last_update_time": TIME_MS,
        "creation_time": TIME_MS,
        "tags": [{"key": "a", "value": "b"}],
    }


def test_an_experiment_without_tags_has_no_such_field():
    assert "tags" not in experiments.to_json(experiment())


def test_a_run_has_the_types_of_the_protocol():
    data = RunData((metric(),), (Param("alpha", "0.1"),), (RunTag("team", ""),))
    assert runs.to_json(run(data, end_time=None)) == {
        "info": {
            "run_uuid": RUN_ID,
            "run_id": RUN_ID,
            "experiment_id": "1",
            "run_name": "merciful-rat-570",
            "user_id": "ada",
            "status": "FINISHED",
            "start_time": TIME_MS,
            "artifact_uri": f"mlflow-artifacts:/1/{RUN_ID}/artifacts",
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [{"key": "rmse", "value": 0.5, "timestamp": TIME_MS, "step": 3}],
            "params": [{"key": "alpha", "value": "0.1"}],
            "tags": [{"key": "team", "value": ""}],
        },
        "inputs": {},
        "outputs": {},
    }


def test_an_empty_user_is_sent_and_empty_lists_are_not():
    body = runs.to_json(run(user_id=""))
    assert body["info"]["user_id"] == ""
    assert body["data"] == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, '"NaN"'), (math.inf, '"Infinity"'), (-math.inf, '"-Infinity"'), (1.0, "1.0"), (0.1, "0.1")],
)
def test_a_metric_value_is_a_double_or_a_text_for_what_json_lacks(value, text):
    assert f'"value":{text},'.encode() in dumps(metrics.to_json(metric(value=value)))


def test_a_version_has_the_types_of_the_protocol():
    version = model_version(
        version=VersionNumber("12"), aliases=("champion",), tags={"a": "b"}, description=""
    )
    assert travelled(model_versions.to_json(version)) == {
        "name": "iris-lm",
        "version": "12",
        "creation_timestamp": TIME_MS,
        "last_updated_timestamp": TIME_MS,
        "current_stage": "None",
        "description": "",
        "source": f"mlflow-artifacts:/1/{RUN_ID}/artifacts/model",
        "run_id": RUN_ID,
        "status": "READY",
        "run_link": "",
        "tags": [{"key": "a", "value": "b"}],
        "aliases": ["champion"],
    }


def test_a_registered_model_has_the_types_of_the_protocol():
    model = registered_model(
        latest_versions=(model_version(),),
        tags={"a": "b"},
        aliases={"champion": VersionNumber("1")},
        description="",
    )
    assert travelled(registered_models.to_json(model)) == {
        "name": "iris-lm",
        "creation_timestamp": TIME_MS,
        "last_updated_timestamp": TIME_MS,
        "latest_versions": [model_versions.to_json(model_version())],
        "tags": [{"key": "a", "value": "b"}],
        "aliases": [{"alias": "champion", "version": "1"}],
    }


@pytest.mark.parametrize(
    ("info", "body"),
    [
        (FileInfo("a/b", False, 5), {"path": "a/b", "is_dir": False, "file_size": 5}),
        (FileInfo("a", True), {"path": "a", "is_dir": True}),
        (FileInfo("empty", False, 0), {"path": "empty", "is_dir": False}),
    ],
)
def test_artifacts_there_and_back(info, body):
    assert artifacts.to_json(info) == body
    assert artifacts.from_json(body) == info


def test_integers_of_other_servers_may_come_as_text():
    body = {"key": "k", "value": "NaN", "timestamp": "5", "step": "7"}
    assert same(metrics.from_json(body), Metric("k", math.nan, 5, 7))
    assert artifacts.from_json({"path": "a", "file_size": "3"}).file_size == 3
    info = {**runs.info_to_json(run_info()), "start_time": str(TIME_MS), "end_time": str(TIME_MS + 1000)}
    del info["run_id"]
    assert runs.info_from_json(info) == run_info()


@given(TAGS)
def test_experiments_there_and_back(tags):
    entity = experiment(tags=tags)
    assert experiments.from_json(travelled(experiments.to_json(entity))) == entity


@given(POINTS)
def test_metrics_there_and_back_as_reply_and_as_request(point):
    body = travelled(metrics.to_json(point))
    assert same(metrics.from_json(body), point)
    if point.key:
        assert same(metrics.from_arguments(Arguments(body)), point)


@given(st.lists(POINTS, max_size=3), TAGS, TAGS, st.none() | INT64)
def test_runs_there_and_back(points, params, tags, end_time):
    data = RunData(
        tuple(points),
        tuple(Param(*pair) for pair in params.items()),
        tuple(RunTag(*pair) for pair in tags.items()),
    )
    entity = run(data, end_time=end_time)
    back = runs.from_json(travelled(runs.to_json(entity)))
    assert back.info == entity.info
    assert (back.data.param_entries, back.data.tag_entries) == (data.param_entries, data.tag_entries)
    assert all(map(same, back.data.metric_points, points))
    assert len(back.data.metric_points) == len(points)


@given(TAGS, st.none() | texts, st.lists(texts, max_size=2), texts)
def test_versions_there_and_back(tags, description, aliases, status_message):
    entity = model_version(
        tags=tags, description=description, aliases=tuple(aliases), status_message=status_message
    )
    assert model_versions.from_json(travelled(model_versions.to_json(entity))) == entity


@given(TAGS, st.none() | texts.filter(bool), st.dictionaries(texts, st.integers(1, 99)))
def test_registered_models_there_and_back(tags, description, aliases):
    entity = registered_model(
        tags=tags,
        description=description,
        aliases={alias: VersionNumber(number) for alias, number in aliases.items()},
        latest_versions=(model_version(),),
    )
    assert registered_models.from_json(travelled(registered_models.to_json(entity))) == entity


def test_pages():
    assert page_to_json("runs", [], None) == {}
    assert page_to_json("runs", [{"a": 1}], "t") == {"runs": [{"a": 1}], "next_page_token": "t"}
    assert next_page_token({"next_page_token": "t"}) == "t"
    assert next_page_token({"next_page_token": ""}) is None
    assert next_page_token({}) is None


@pytest.mark.parametrize("value", [2**64, "\ud800"])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(InvalidInput, match="cannot be sent as JSON"):
        dumps({"step": value})
