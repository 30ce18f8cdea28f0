"""A server of artifacts alone: what it answers, and that it says so elsewhere."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from rest import PROXY

from pycore.app import create_artifact_app
from pycore.server.routing import ROUTES


@pytest.fixture
def http(tmp_path, monkeypatch) -> FlaskClient:
    monkeypatch.chdir(tmp_path)
    return create_artifact_app("artifacts").test_client()


def test_files_are_kept_and_nothing_else_is_made(http: FlaskClient, tmp_path):
    # A path as that of a run's artifacts, which a server of runs would look up.
    path = f"{PROXY}artifacts/0/{'a' * 32}/artifacts/model/MLmodel"
    assert http.get(path).status_code == 404
    assert http.put(path, data=b"flavors: {}").status_code == 200
    with http.get(path) as reply:
        assert reply.data == b"flavors: {}"
    folder = f"{PROXY}artifacts?path=0/{'a' * 32}/artifacts"
    assert http.get(folder).json == {"files": [{"path": "model", "is_dir": True}]}
    assert http.delete(path).json == {}
    assert http.get(path).json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert [entry.name for entry in tmp_path.iterdir()] == ["artifacts"]


def test_balancers_and_clients_learn_of_the_server(http: FlaskClient):
    assert http.get("/health").data == b"OK"
    assert http.get("/version").data == b"2.22.0"
    assert "--expose-prometheus" in http.get("/metrics").json["message"]
    assert http.get("/api/3.0/mlflow/server-info").json["multipart_uploads_enabled"] is False


_OTHERS = [
    (route.method, address.replace("<model_id>", "m-1").replace("<path:key>", "k").replace("<name>", "n"))
    for route in ROUTES
    if route.path not in ("server-info", "health", "version", "metrics")
    for address in route.addresses
    if not address.startswith(("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/"))
]


def test_everything_else_is_told_to_be_elsewhere(http: FlaskClient):
    for method, address in _OTHERS:
        reply = http.open(address, method=method, json={} if method != "GET" else None)
        assert (reply.status_code, reply.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND"), address
        assert f"'{method} {address}'" in reply.json["message"]
        assert "serves artifacts only" in reply.json["message"]


def test_other_methods_and_bad_paths_are_refused_as_ever(http: FlaskClient):
    assert http.post(f"{PROXY}artifacts/a").status_code == 405
    assert http.put(f"{PROXY}artifacts/../a", data=b"1").json["error_code"] == "INVALID_PARAMETER_VALUE"
