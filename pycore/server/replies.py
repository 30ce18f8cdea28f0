"""How the server answers: JSON for results, and one shape for every error."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pycore.errors import InvalidInput, MlflowException, PayloadTooLarge
from pycore.http.access_log import REQUEST_ID
from pycore.wire import errors
from pycore.wire.encoding import JsonObject, dumps

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_log = logging.getLogger(__name__)


def json_reply(body: JsonObject, status: int = 200) -> Response:
    """Return a JSON object as a reply."""
    return Response(dumps(body), status, content_type="application/json")


def refusal(error: Exception, environ: WSGIEnvironment) -> Response:
    """Return the reply to an error: a code and a message, and nothing of the server's inside."""
    endpoint = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    if isinstance(error, HTTPException):
        return _refused_by_http(error, endpoint, environ)
    if not isinstance(error, MlflowException):
        # The last resort: what nobody foresaw goes to the log whole and to the client as a number.
        request_id = environ.get(REQUEST_ID) or uuid.uuid4().hex
        _log.error("%s failed; request id %s", endpoint, request_id, exc_info=error)
        error = MlflowException(f"Internal error. The server's log says more under request id {request_id}.")
        return json_reply(*errors.to_json(error))
    body, status = errors.to_json(error)
    if status in (500, 503):
        _log.error("%s failed: %s", endpoint, error.message)
    return json_reply(body, status)


def install_error_handlers(app: Flask) -> None:
    """Answer every error of a Flask application with its `refusal`."""
    app.register_error_handler(Exception, lambda error: refusal(error, request.environ))


def _refused_by_http(error: HTTPException, endpoint: str, environ: WSGIEnvironment) -> Response:
    status = error.code or 500
    body, _ = errors.to_json(_explained(error, status, endpoint))
    reply = json_reply(body, status)
    for name, value in error.get_headers(environ):
        if name not in ("Content-Type", "Content-Length"):
            reply.headers[name] = value
    return reply


def _explained(error: HTTPException, status: int, endpoint: str) -> MlflowException:
    if status == 404:
        return MlflowException(f"There is no endpoint {endpoint!r} here.", errors.ENDPOINT_NOT_FOUND)
    if status == 405:
        return MlflowException(
            f"There is no endpoint {endpoint!r} here; its address answers other methods.",
            errors.ENDPOINT_NOT_FOUND,
        )
    if status == 413:
        return PayloadTooLarge("The request body is too large.")
    if status < 500:
        return InvalidInput(error.description or error.name)
    return MlflowException(error.name)
