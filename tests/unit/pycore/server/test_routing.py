"""Each line of the table of routes, asked once for what it is there for."""

from __future__ import annotations

import pytest
from flask import Flask
from rest import Rest
from route_examples import EXAMPLES, USER_EXAMPLES

from pycore.server.messages import MESSAGES
from pycore.server.routing import API_PREFIXES, ROUTES, JsonRoute


def test_no_example_is_without_its_route():
    assert {*EXAMPLES, *USER_EXAMPLES} == {route.name for route in ROUTES}
    assert len(ROUTES) == len(EXAMPLES) + len(USER_EXAMPLES)


@pytest.mark.parametrize("prefix", API_PREFIXES)
def test_the_api_answers_under_every_prefix(app: Flask, prefix: str):
    rest = Rest(app, prefix)
    assert rest.get("experiments/get", experiment_id="0")["experiment"]["name"] == "Default"
    assert rest.get("server-info")["store_type"] == "SqlStore"


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if isinstance(r, JsonRoute)], ids=lambda route: route.name
)
def test_no_route_minds_an_empty_or_unknown_request(route: JsonRoute, rest: Rest):
    rest.prefix = route.prefixes[0]
    reply = rest.call(route.method, route.path.replace("<artifact:path>", "a"), unknown="x")
    if reply.status_code == MESSAGES[route.name].unsupported:
        return
    if route.name in USER_EXAMPLES:
        assert (reply.status_code, reply.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
        assert "--app-name basic-auth" in reply.json["message"]
        return
    if "<model_id>" in route.path and reply.status_code == 404:
        assert reply.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        return
    assert reply.status_code in (200, 400), reply.text
    if reply.status_code == 400:
        assert reply.json["error_code"] == "INVALID_PARAMETER_VALUE"
        assert reply.json["message"].startswith(("Missing value for required parameter", "Expected 1 to "))


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/2.0/mlflow/nothing"),
        ("GET", "/api/2.0/mlflow/experiments/get/"),
        ("POST", "/api/3.0/mlflow/traces"),
        ("POST", "/v1/traces"),
        ("GET", "/nothing"),
    ],
)
def test_an_unknown_address_is_not_a_missing_resource(rest: Rest, method: str, address: str):
    rest.prefix = ""
    status, code, message = rest.refusal(method, address)
    assert (status, code) == (404, "ENDPOINT_NOT_FOUND")
    assert address in message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "runs/search"),
        ("POST", "runs/get"),
        ("PUT", "runs/create"),
        ("POST", "registered-models/update"),
    ],
)
def test_a_wrong_method_is_405_with_those_allowed(rest: Rest, method: str, path: str):
    reply = rest.call(method, path)
    assert (reply.status_code, reply.json["error_code"]) == (405, "ENDPOINT_NOT_FOUND")
    assert reply.headers["Allow"]
