"""The table of routes as an OpenAPI description.

References
----------
OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from pycore.error_codes import HTTP_STATUS
from pycore.server.messages import BINARY, JSON, MESSAGES, Message
from pycore.wire.schemas import SCHEMAS, TEXT, Schema, entity

if TYPE_CHECKING:
    from pycore.server.routing import Route

_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
#: Modules of routes that are not called as their noun.
_NOUNS = {
    "artifact_files": "artifacts",
    "documentation": "server",
    "home": "server",
    "probes": "server",
    "routing": "server",
}
_WITH_JSON_BODY = ("POST", "PATCH")
_DESCRIPTION = """Tracking, model registry and artifacts over MLflow's REST protocol.

Addresses below `/api/2.0/mlflow/` answer alike below `/ajax-api/2.0/mlflow/`, `/api/2.0/preview/mlflow/` and
`/api/3.0/mlflow/`; those below `/api/2.0/mlflow-artifacts/` below `/ajax-api/2.0/mlflow-artifacts/` too.
A server that knows users asks for a user name and password, or a token; others ignore both.
Bodies are JSON objects with the content type `application/json`; DELETE takes its fields as a body too.
Numbers may come as text; fields that are null count as absent, and fields that are not known are ignored."""


@lru_cache(maxsize=1)
def describe(routes: tuple[Route, ...]) -> Schema:
    """Return the description of a server of these routes."""
    paths: dict[str, Schema] = {}
    for route in routes:
        address = _VARIABLE.sub(r"{\1}", route.addresses[0])
        paths.setdefault(address, {})[route.method.lower()] = _operation(route, MESSAGES[route.name])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Crateflow", "version": version("crateflow"), "description": _DESCRIPTION},
        "paths": paths,
        # Whether anybody may call is the choice of who runs the server.
        "security": [{}, {"password": []}, {"token": []}],
        "components": {
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": dict(SCHEMAS),
            "responses": {f"Error{status}": _error(status) for status in sorted(set(HTTP_STATUS.values()))},
        },
    }


def _operation(route: Route, message: Message) -> Schema:
    words = [route.method.lower(), *_VARIABLE.sub(r"\1", route.addresses[0]).split("/")]
    has_json_body = route.method in _WITH_JSON_BODY and not message.takes_file and not message.refusal
    parameters = [_in_path(name) for name in _VARIABLE.findall(route.path)]
    request = _with_texts_that_hold_something(message.request)
    operation: Schema = {
        "operationId": "_".join(re.sub(r"\W", "_", word) for word in words if word),
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "tags": [_noun(route)],
        "responses": _responses(message, has_body=has_json_body or message.takes_file),
    }
    if message.is_old:
        operation["deprecated"] = True
    if has_json_body:
        content = {JSON: {"schema": request}}
        operation["requestBody"] = {"required": "required" in request, "content": content}
    else:
        parameters += _in_query(request)
    if message.takes_file:
        operation["requestBody"] = {"required": True, "content": {BINARY: {"schema": {}}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _noun(route: Route) -> str:
    module = route.handler.__module__.rpartition(".")[2]
    return _NOUNS.get(module, module.replace("_", " "))


def _responses(message: Message, *, has_body: bool) -> Schema:
    usual = [400, 401, 403, 404, *([413] if has_body else []), 429, 500, 503]
    optional = [message.unsupported] if message.unsupported else []
    statuses = [message.refusal] if message.refusal else sorted({*usual, *optional})
    refusals = {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
    if message.refusal:
        return refusals
    schema = message.reply if message.media_type == JSON else {}
    done: Schema = {"description": "Done.", "content": {message.media_type: {"schema": schema}}}
    return {"200": done, **refusals}


def _error(status: int) -> Schema:
    codes = sorted(code for code, number in HTTP_STATUS.items() if number == status)
    schema = {"allOf": [entity("Error"), {"properties": {"error_code": {"enum": codes}}}]}
    return {"description": f"{' or '.join(codes)}.", "content": {JSON: {"schema": schema}}}


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _with_texts_that_hold_something(request: Schema) -> Schema:
    """Return the schema of a request that says of required texts that they are not empty."""
    required = request.get("required", ())
    fields = {
        name: {**schema, "minLength": 1} if name in required and schema.get("type") == "string" else schema
        for name, schema in request["properties"].items()
    }
    return {**request, "properties": fields}


def _in_query(request: Schema) -> Iterable[Schema]:
    required = request.get("required", ())
    for name, schema in request["properties"].items():
        # A list is its name, repeated.
        yield {"name": name, "in": "query", "required": name in required, "schema": schema}
