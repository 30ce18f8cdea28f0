"""Whole histories, which are sent as they are read."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from rest import API, Rest
from werkzeug.test import Client, EnvironBuilder

from pycore.entities import Metric
from pycore.protocols import Api

POINTS = 12_000


@pytest.fixture
def run_id(api: Api) -> str:
    """A run with more points of a metric than are read at a time."""
    run_id = api.runs.create("0").info.run_id
    for start in range(0, POINTS, 1000):
        api.runs.log_batch(run_id, [Metric("loss", 1 / (i + 1), i, i) for i in range(start, start + 1000)])
    return run_id


def test_a_whole_history_comes_in_pieces(app: Flask, run_id: str) -> None:
    builder = EnvironBuilder(
        f"{API}metrics/get-history", query_string={"run_id": run_id, "metric_key": "loss"}
    )
    pieces, status, headers = Client(app).run_wsgi_app(builder.get_environ())
    pieces = list(pieces)
    assert (status, headers["Content-Type"]) == ("200 OK", "application/json")
    assert "Content-Length" not in headers
    assert len(pieces) == 4
    reply = json.loads(b"".join(pieces))
    assert list(reply) == ["metrics"]
    assert [point["step"] for point in reply["metrics"]] == list(range(POINTS))
    assert reply["metrics"][1] == {"key": "loss", "value": 0.5, "timestamp": 1, "step": 1}


def test_the_rest_of_a_history_is_whole_too(rest: Rest, run_id: str) -> None:
    first = rest.get("metrics/get-history", run_id=run_id, metric_key="loss", max_results=10)
    assert len(first["metrics"]) == 10
    rest_of_it = rest.get(
        "metrics/get-history", run_id=run_id, metric_key="loss", page_token=first["next_page_token"]
    )
    assert [point["step"] for point in rest_of_it["metrics"]] == list(range(10, POINTS))


def test_a_page_may_be_longer_than_a_piece(rest: Rest, run_id: str) -> None:
    page = rest.get("metrics/get-history", run_id=run_id, metric_key="loss", max_results=POINTS - 1)
    assert len(page["metrics"]) == POINTS - 1
    assert page["next_page_token"]


def test_the_head_of_a_history_has_no_body(rest: Rest, run_id: str) -> None:
    reply = rest.call("HEAD", "metrics/get-history", run_id=run_id, metric_key="loss")
    assert (reply.status_code, reply.data) == (200, b"")
