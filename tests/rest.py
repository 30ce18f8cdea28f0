"""Calling the tracking server's application without a network, as a REST client would."""

from __future__ import annotations

import base64
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API = "/api/2.0/mlflow/"
PROXY = "/api/2.0/mlflow-artifacts/"


class _ClosingClient(FlaskClient):
    """Reads replies whole and closes them, as a real client does."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, buffered=True, **kwargs)


class Rest:
    """An application, asked over WSGI; fields go where the protocol wants them.

    Parameters
    ----------
    app : Flask
    prefix : str
        What stands before the paths.
    """

    def __init__(self, app: Flask, prefix: str = API) -> None:
        self.http = _ClosingClient(app)
        self.prefix = prefix

    def call(self, method: str, path: str, /, **fields: Any) -> TestResponse:
        """Ask for anything; the caller judges the reply."""
        if method in ("GET", "HEAD"):
            return self.http.open(self.prefix + path, method=method, query_string=fields)
        return self.http.open(self.prefix + path, method=method, json=fields)

    def get(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """Ask by GET for a result."""
        return self.result("GET", path, **fields)

    def post(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """Ask by POST for a result."""
        return self.result("POST", path, **fields)

    def result(self, method: str, path: str, /, **fields: Any) -> dict[str, Any]:
        """Ask for a result: status 200 and a JSON object."""
        reply = self.call(method, path, **fields)
        assert reply.status_code == 200, reply.text
        assert reply.content_type == "application/json"
        assert isinstance(reply.json, dict)
        return reply.json

    def refusal(self, method: str, path: str, /, **fields: Any) -> tuple[int, str, str]:
        """Ask for an error: its status, code and message."""
        return error_in(self.call(method, path, **fields))


def as_user(rest: Rest, username: str, password: str) -> Rest:
    """Return the same application, asked by a user."""
    octets = base64.b64encode(f"{username}:{password}".encode())
    return with_credentials(rest, f"Basic {octets.decode()}")


def with_credentials(rest: Rest, authorization: str | None) -> Rest:
    """Return the same application, asked with an Authorization header, or without one."""
    asking = Rest(rest.http.application, rest.prefix)
    if authorization is not None:
        asking.http.environ_base["HTTP_AUTHORIZATION"] = authorization
    return asking


def error_in(reply: TestResponse) -> tuple[int, str, str]:
    """Return status, code and message of an error, after a look at its shape."""
    assert reply.status_code >= 400, reply.text
    assert reply.content_type == "application/json"
    assert reply.json is not None
    assert set(reply.json) == {"error_code", "message"}
    message = reply.json["message"]
    assert "Traceback" not in message
    assert "SELECT" not in message
    return reply.status_code, reply.json["error_code"], message
