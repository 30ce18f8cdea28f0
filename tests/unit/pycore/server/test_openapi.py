"""The OpenAPI description says what the server does: no more, no less."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from rest import Rest
from route_examples import EXAMPLES, USER_EXAMPLES
from werkzeug.test import TestResponse

from pycore.error_codes import HTTP_STATUS
from pycore.server.messages import JSON, MESSAGES
from pycore.server.openapi import describe
from pycore.server.routing import ROUTES, JsonRoute, Route
from pycore.wire.request import Arguments
from pycore.wire.schemas import SCHEMAS, Schema

#: Fields that are understood and not described: names that fields had in former releases.
FORMER_NAMES = {"run_uuid", "name"}

#: Routes of parts of the server that this one is started without.
OFF_BY_DEFAULT = {"GET metrics"}


@pytest.fixture
def document(rest: Rest) -> Schema:
    """The description as a client gets it."""
    return rest.http.get("/api/openapi.json").json


def strict(schema: Any) -> Any:
    """Return a schema that allows no property it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if "properties" in schema else found


def check(schema: Schema, value: object) -> None:
    components = {"components": {"schemas": strict(dict(SCHEMAS))}}
    Draft202012Validator({**strict(deepcopy(schema)), **components}).validate(value)


def test_it_is_valid(document: Schema):
    validate(document)
    assert document["servers"] == [{"url": "/"}]


def test_every_route_is_in_it(document: Schema):
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    for route in ROUTES:
        address = route.addresses[0].replace("<", "{").replace(">", "}").replace("artifact:", "")
        assert f"{route.method} {address.replace('path:', '')}" in described
    assert len(described) == len(ROUTES)
    assert set(MESSAGES) == {route.name for route in ROUTES}


def test_operations_are_named_once_and_say_what_they_do(document: Schema):
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_code_of_an_error_is_in_it(document: Schema):
    responses = document["components"]["responses"].values()
    found = [part for each in responses for part in each["content"][JSON]["schema"]["allOf"]]
    codes = {
        code for part in found for code in part.get("properties", {}).get("error_code", {}).get("enum", [])
    }
    assert codes == set(HTTP_STATUS)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the fields that the server has looked for."""
    found: set[str] = set()

    def noted(method: Any) -> Any:
        def look(self: Arguments, name: str, *rest: Any) -> Any:
            found.add(f"{re.sub(r'[0-9]+', '0', self._path)}{name}")
            return method(self, name, *rest)

        return look

    for name in ("_read", "_places"):
        monkeypatch.setattr(Arguments, name, noted(getattr(Arguments, name)))
    return found


def names(schema: Schema, path: str = "") -> Iterator[str]:
    """Yield the names of the fields that a request may have, those of items and objects with their path."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from names(field, f"{path}{name}.")
        yield from names(field.get("items", {}), f"{path}{name}[0].")


class Exchange(NamedTuple):
    """A request, as the test client was given it, and its reply."""

    address: str
    options: dict[str, Any]
    reply: TestResponse


@pytest.fixture
def exchanges(world, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """What has been asked so far."""
    found: list[Exchange] = []
    ask = type(world.rest.http).open

    def open(client: Any, address: str, **options: Any) -> Any:
        reply = ask(client, address, **options)
        found.append(Exchange(address, options, reply))
        return reply

    monkeypatch.setattr(type(world.rest.http), "open", open)
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_does_what_it_is_there_for_and_as_described(
    route: Route, world, read: set[str], exchanges: list[Exchange]
):
    message = MESSAGES[route.name]
    read.clear()
    assert {**EXAMPLES, **USER_EXAMPLES}[route.name](world)

    _, options, reply = exchanges[-1]
    body = options.get("json")
    if message.refusal or message.unsupported or route.name in OFF_BY_DEFAULT:
        assert reply.status_code == (message.refusal or message.unsupported or 404)
        check(SCHEMAS["Error"], reply.json)
        return
    assert reply.status_code == 200
    assert message.media_type in (reply.mimetype, "application/octet-stream")
    if message.media_type == JSON:
        check(message.reply if message.reply.get("properties") is not None else {}, reply.json)
    if body:
        check(message.request, {name: value for name, value in body.items() if value is not None})
    described = set(names(message.request))
    # An item that the example does not send is not looked into.
    assert {name for name in described if "." not in name} <= read
    assert read - described <= FORMER_NAMES


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in ROUTES
        if isinstance(route, JsonRoute)
        and route.name in EXAMPLES
        and MESSAGES[route.name].request.get("required")
        and not MESSAGES[route.name].unsupported
    ],
    ids=lambda route: route.name,
)
def test_what_is_required_is_missed(route: Route, world, exchanges: list[Exchange]):
    EXAMPLES[route.name](world)
    address, options, _ = exchanges[-1]
    (fields,) = (key for key in ("json", "query_string") if isinstance(options.get(key), dict))
    request = MESSAGES[route.name].request
    for name in request["required"]:
        given = dict(options[fields])
        empty = [{**given, name: ""}] if request["properties"][name].get("type") == "string" else []
        for wrong in ({key: value for key, value in given.items() if key != name}, *empty):
            reply = world.rest.http.open(address, **{**options, fields: wrong})
            assert reply.status_code == 400, (name, reply.text)


def test_servers_below_a_prefix_say_so(app: Flask):
    reply = app.test_client().get("/api/openapi.json", environ_overrides={"SCRIPT_NAME": "/tracking"})
    assert reply.json["servers"] == [{"url": "/tracking"}]


def test_the_page_loads_nothing_from_elsewhere(rest: Rest):
    page = rest.http.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [link for link in links if not link.startswith("data:")]
    assert len(files) == 3
    for file in files:
        assert rest.http.get(f"/{file}").status_code == 200, file
    assert json.dumps("api/openapi.json") in rest.http.get("/docs/start.js").text


@pytest.mark.parametrize("name", ["index.html", "..%2f__init__.py", "swagger-ui.js"])
def test_other_files_of_the_page_are_not_there(rest: Rest, name: str):
    assert rest.http.get(f"/docs/{name}").status_code == 404


def test_a_schema_is_made_once(document: Schema):
    assert describe(ROUTES) is describe(ROUTES)
