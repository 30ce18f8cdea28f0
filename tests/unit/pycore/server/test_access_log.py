from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rest import API, Rest

from pycore.http.access_log import AccessLog
from pycore.protocols import Api
from pycore.server.application import HttpOptions, make_app


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def logged(api: Api, log: Path) -> Rest:
    return Rest(make_app(api, HttpOptions(access_log=AccessLog(str(log)))))


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_every_request_is_a_line(logged: Rest, log: Path) -> None:
    logged.post("experiments/create", name="iris")
    logged.call("GET", "runs/get", run_id="unknown")
    logged.http.get("/nowhere/at-all?secret=1")
    logged.http.put(f"{API}runs/get")
    assert [(line["method"], line["route"], line["status"]) for line in lines(log)] == [
        ("POST", f"{API}experiments/create", 200),
        ("GET", f"{API}runs/get", 404),
        ("GET", None, 404),
        ("PUT", None, 405),
    ]
    assert all(line["ms"] > 0 for line in lines(log))
    assert "secret" not in log.read_text()


def test_a_request_that_is_turned_away_is_a_line_too(logged: Rest, log: Path) -> None:
    reply = logged.http.get(f"{API}runs/get", headers={"Host": "evil.org"})
    (line,) = lines(log)
    assert (line["status"], line["route"]) == (403, f"{API}runs/get")
    assert line["request_id"] == reply.headers["X-Request-ID"]


def test_the_reply_names_the_request(logged: Rest, log: Path) -> None:
    own = logged.http.get("/health").headers["X-Request-ID"]
    assert len(own) == 32
    given = logged.http.get("/health", headers={"X-Request-ID": "proxy-7.a"}).headers["X-Request-ID"]
    assert given == "proxy-7.a"
    assert [line["request_id"] for line in lines(log)] == [own, given]


def test_without_a_log_nothing_is_added(api: Api) -> None:
    assert "X-Request-ID" not in Rest(make_app(api, HttpOptions())).http.get("/health").headers
