"""What real clients send, R's above all: each spelling means what it says, nothing becomes a default."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from rest import Rest


@pytest.fixture
def run_id(rest: Rest) -> str:
    """A run in the default experiment."""
    return rest.post("runs/create", experiment_id="0", start_time=5)["run"]["info"]["run_id"]


def data_of(rest: Rest, run_id: str) -> dict[str, Any]:
    return rest.get("runs/get", run_id=run_id)["run"]["data"]


def test_scalars_come_as_text_from_r(rest, run_id):
    rest.post("runs/log-metric", run_id=run_id, key="m", value="0.25", timestamp="1.7e+12", step="1e+05")
    assert data_of(rest, run_id)["metrics"] == [
        {"key": "m", "value": 0.25, "timestamp": 1_700_000_000_000, "step": 100_000}
    ]
    rest.post("runs/update", run_id=run_id, status="FINISHED", end_time="1.7e+12")
    found = rest.post("runs/search", experiment_ids=["0"], max_results="1e1", run_view_type="ACTIVE_ONLY")
    assert found["runs"][0]["info"]["end_time"] == 1_700_000_000_000
    assert len(rest.post("experiments/search", max_results="1e1")["experiments"]) == 1


@pytest.mark.parametrize("spelling", ["TRUE", "true", True])
def test_truth_comes_as_text_from_r(world, spelling):
    rest = world.rest
    rest.post("model-versions/transition-stage", name=world.model, version="1", stage="Production")
    rest.post("model-versions/create", name=world.model, source="s3://b/m")
    rest.post(
        "model-versions/transition-stage",
        name=world.model,
        version="2",
        stage="Production",
        archive_existing_versions=spelling,
    )
    first = rest.get("model-versions/get", name=world.model, version="1")["model_version"]
    assert first["current_stage"] == "Archived"


@pytest.mark.parametrize("version", [1, "1", 1.0])
def test_a_version_may_come_as_a_number(world, version):
    tagged = world.rest.post("model-versions/set-tag", name=world.model, version=version, key="k", value="v")
    assert tagged == {}


def test_a_run_has_its_id_under_both_names_wherever_it_is_sent(rest, run_id):
    updated = rest.post("runs/update", run_uuid=run_id, status="FINISHED")["run_info"]
    found = rest.post("runs/search", experiment_ids=["0"])["runs"][0]["info"]
    for info in (updated, found, rest.get("runs/get", run_uuid=run_id)["run"]["info"]):
        assert info["run_id"] == info["run_uuid"] == run_id


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", "runs/get", {}),
        ("POST", "runs/update", {}),
        ("POST", "runs/delete", {}),
        ("POST", "runs/restore", {}),
        ("POST", "runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        ("POST", "runs/log-parameter", {"key": "p", "value": "1"}),
        ("POST", "runs/log-batch", {"params": [{"key": "p", "value": "1"}]}),
        ("POST", "runs/set-tag", {"key": "t", "value": "1"}),
        ("POST", "runs/delete-tag", {"key": "mlflow.runName"}),
        ("GET", "metrics/get-history", {"metric_key": "m"}),
        ("GET", "artifacts/list", {}),
    ],
)
def test_a_run_is_found_under_its_first_name_everywhere(rest, run_id, method, path, fields):
    rest.result(method, path, run_uuid=run_id, **fields)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("NaN", "NaN"),
        ("nan", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("inf", "Infinity"),
    ],
)
def test_values_json_lacks_are_kept(rest, run_id, sent, stored):
    rest.post("runs/log-metric", run_id=run_id, key="m", value=sent, timestamp=1)
    rest.post(
        "runs/log-batch", run_id=run_id, metrics=[{"key": "n", "value": sent, "timestamp": 1, "step": 2}]
    )
    assert {m["key"]: (m["value"], m["step"]) for m in data_of(rest, run_id)["metrics"]} == {
        "m": (stored, 0),
        "n": (stored, 2),
    }
    history = rest.get("metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    assert [point["value"] for point in history] == [stored]


def test_absent_fields_mean_their_defaults(rest):
    experiment_id = rest.post("experiments/create", name="a")["experiment_id"]
    info = rest.post("runs/create", experiment_id=experiment_id)["run"]["info"]
    assert info["status"] == "RUNNING"
    assert info["user_id"] == ""
    assert info["run_name"]
    assert info["start_time"] > 1_700_000_000_000
    assert "end_time" not in info


def test_an_experiment_has_no_field_more_than_clients_expect(rest):
    assert set(rest.get("experiments/get", experiment_id="0")["experiment"]) == {
        "experiment_id",
        "name",
        "artifact_location",
        "lifecycle_stage",
        "last_update_time",
        "creation_time",
    }


def test_a_missing_experiment_is_told_by_its_code(rest):
    assert rest.refusal("GET", "experiments/get-by-name", experiment_name="x")[:2] == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )


def test_ids_are_short_enough_for_r(rest):
    assert len(rest.post("experiments/create", name="a")["experiment_id"]) <= 15


def test_ids_may_come_as_numbers(rest):
    assert rest.post("experiments/update", experiment_id=0, new_name="x") == {}
    rest.post("runs/create", experiment_id=0)
    assert len(rest.post("runs/search", experiment_ids=[0])["runs"]) == 1


def test_deletes_take_their_fields_from_body_or_query(world):
    rest = world.rest
    by_body = rest.call("DELETE", "model-versions/delete", name=world.model, version="1")
    by_query = rest.http.delete(rest.prefix + f"registered-models/delete?name={world.model}")
    assert (by_body.status_code, by_body.json) == (by_query.status_code, by_query.json) == (200, {})


def test_models_are_noted_in_the_run(rest, run_id):
    entry = {"run_id": run_id, "artifact_path": "model", "utc_time_created": "2026", "flavors": {"crate": {}}}
    rest.post("runs/log-model", run_id=run_id, model_json=json.dumps(entry))
    tags = {tag["key"]: tag["value"] for tag in data_of(rest, run_id)["tags"]}
    assert json.loads(tags["mlflow.log-model.history"])[0]["artifact_path"] == "model"


def test_the_name_of_a_run_may_come_as_old_clients_send_it(rest):
    assert rest.post("runs/create", experiment_id="0", name="old")["run"]["info"]["run_name"] == "old"


def test_a_search_without_hits_is_an_empty_object(rest):
    assert rest.post("runs/search") == {}
    assert rest.post("runs/search", experiment_ids=["0"], filter="params.a = 'b'") == {}
    assert rest.get("registered-models/search") == {}


def test_pages_follow_each_other(rest):
    for start in range(3):
        rest.post("runs/create", experiment_id="0", start_time=start)
    first = rest.post("runs/search", experiment_ids=["0"], max_results=2, page_token="")
    last = rest.post("runs/search", experiment_ids=["0"], max_results=2, page_token=first["next_page_token"])
    assert [run["info"]["start_time"] for run in first["runs"] + last["runs"]] == [2, 1, 0]
    assert "next_page_token" not in last


def test_histories_of_several_runs_are_cut_at_a_number_in_all(rest):
    run_ids = sorted(rest.post("runs/create")["run"]["info"]["run_id"] for _ in range(3))
    for run_id in run_ids:
        for step in range(2):
            rest.post("runs/log-metric", run_id=run_id, key="m", value="NaN", timestamp=1, step=step)
    found = rest.get("metrics/get-history-bulk", run_id=run_ids, metric_key="m", max_results=3)["metrics"]
    assert [(point["run_id"], point["step"], point["value"]) for point in found] == [
        (run_ids[0], 0, "NaN"),
        (run_ids[0], 1, "NaN"),
        (run_ids[1], 0, "NaN"),
    ]
    assert rest.get("metrics/get-history-bulk", run_id=run_ids[0], metric_key="none") == {"metrics": []}


@pytest.mark.parametrize(
    "fields", [{}, {"run_id": [f"r{n}" for n in range(101)]}, {"run_id": "r", "max_results": 0}]
)
def test_histories_of_too_many_runs_or_of_none_are_refused(rest, fields):
    assert rest.refusal("GET", "metrics/get-history-bulk", metric_key="m", **fields)[0] == 400


@pytest.mark.parametrize("field", ["status", "run_view_type"])
def test_an_unknown_name_of_a_choice_is_refused(rest, run_id, field):
    path, fields = ("runs/update", {"run_id": run_id}) if field == "status" else ("runs/search", {})
    status, code, message = rest.refusal("POST", path, **fields, **{field: "DONE"})
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert f"parameter '{field}'" in message


@pytest.mark.parametrize("status", ["finished", "FINISHED", 3, "3"])
def test_a_status_by_name_in_any_case_or_by_number(rest, run_id, status):
    assert rest.post("runs/update", run_id=run_id, status=status)["run_info"]["status"] == "FINISHED"


@pytest.mark.parametrize(
    "bad",
    [
        {"value": "abc"},
        {"value": None},
        {"value": [1]},
        {"timestamp": "99999999999999999999"},
        {"timestamp": 1.5},
        {"timestamp": None},
        {"timestamp": -1},
        {"step": 0.5},
        {"step": "x"},
        {"key": ""},
        {"key": 7},
        {"key": None},
    ],
)
def test_one_bad_metric_stores_nothing_of_its_request(rest, run_id, bad):
    good = {"key": "m", "value": 1, "timestamp": 1, "step": 1}
    metrics = [good, {**good, "key": "n", **bad}, {**good, "key": "o"}]
    status, code, _ = rest.refusal("POST", "runs/log-batch", run_id=run_id, metrics=metrics)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert rest.refusal("POST", "runs/log-metric", run_id=run_id, **{**good, **bad})[0] == 400
    assert "metrics" not in data_of(rest, run_id)


@pytest.mark.parametrize("value", [7, True, ["a"], {"a": "b"}])
def test_a_parameter_or_tag_is_text_or_refused(rest, run_id, value):
    for path in ("runs/log-parameter", "runs/set-tag"):
        assert rest.refusal("POST", path, run_id=run_id, key="k", value=value)[0] == 400
    assert "params" not in data_of(rest, run_id)


def test_a_missing_field_of_an_item_is_named_with_its_place(rest, run_id):
    metrics = [{"key": "m", "value": 1, "timestamp": 1}, {"key": "n", "timestamp": 1}]
    message = rest.refusal("POST", "runs/log-batch", run_id=run_id, metrics=metrics)[2]
    assert "Missing value for required parameter 'metrics[1].value'" in message


@pytest.mark.parametrize(
    ("path", "fields", "fragment"),
    [
        ("experiments/create", {"name": "Default"}, "already exists"),
        (
            "runs/log-metric",
            {"run_id": "0" * 32, "key": "m", "value": 1, "timestamp": 1},
            f"Run with id={'0' * 32} not found",
        ),
        ("experiments/delete", {"experiment_id": "99"}, "No Experiment with id=99 exists"),
        ("experiments/create", {}, "Missing value for required parameter 'name'"),
    ],
)
def test_messages_keep_the_words_that_clients_look_for(rest, path, fields, fragment):
    assert fragment in rest.refusal("POST", path, **fields)[2]


def test_a_clash_of_parameters_keeps_its_words(rest, run_id):
    rest.post("runs/log-parameter", run_id=run_id, key="a", value="1")
    status, code, message = rest.refusal("POST", "runs/log-parameter", run_id=run_id, key="a", value="2")
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Changing param values is not allowed" in message


def test_a_deleted_run_keeps_its_words(rest, run_id):
    rest.post("runs/delete", run_id=run_id)
    message = rest.refusal("POST", "runs/set-tag", run_id=run_id, key="a", value="2")[2]
    assert "must be in the 'active' state" in message


class TestBodies:
    """What is refused before any route sees it."""

    @pytest.mark.parametrize("body", [b"{bad", b"[]", b"3", b"\xff", b'{"name": NaN', b"[" * 5000])
    def test_no_json_object(self, app: Flask, body: bytes):
        reply = Rest(app).http.post(
            "/api/2.0/mlflow/experiments/create", data=body, content_type="application/json"
        )
        assert (reply.status_code, reply.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")

    def test_json_within_json(self, app: Flask):
        reply = Rest(app).http.post("/api/2.0/mlflow/experiments/create", json=json.dumps({"name": "x"}))
        assert reply.json == {"experiment_id": "1"}

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
    def test_another_content_type(self, app: Flask, content_type: str):
        reply = Rest(app).http.post(
            "/api/2.0/mlflow/experiments/create", data=b'{"name": "x"}', content_type=content_type
        )
        assert reply.status_code == 400
        assert "Content-Type must be one of" in reply.json["message"]

    def test_no_content_type(self, app: Flask):
        reply = Rest(app).http.post("/api/2.0/mlflow/experiments/create", data=b'{"name": "x"}')
        assert reply.status_code == 400
        assert "Content-Type header is missing" in reply.json["message"]

    @pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
    def test_json_content_types(self, app: Flask, content_type: str):
        reply = Rest(app).http.post(
            "/api/2.0/mlflow/experiments/create", data=b'{"name": "x"}', content_type=content_type
        )
        assert reply.status_code == 200

    def test_too_large(self, app: Flask):
        body = b'{"name": "' + b"x" * (64 << 20) + b'"}'
        reply = Rest(app).http.post(
            "/api/2.0/mlflow/experiments/create", data=body, content_type="application/json"
        )
        assert (reply.status_code, reply.json["error_code"]) == (413, "REQUEST_TOO_LARGE")
