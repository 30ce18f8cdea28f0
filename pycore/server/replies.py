"""How the server answers: JSON for results, and one shape for every error."""

from __future__ import annotations

import logging
import uuid

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pycore.errors import InvalidInput, MlflowException, PayloadTooLarge
from pycore.wire import errors
from pycore.wire.encoding import JsonObject, dumps

_log = logging.getLogger(__name__)


def json_reply(body: JsonObject, status: int = 200) -> Response:
    """Return a JSON object as a reply."""
    return Response(dumps(body), status, content_type="application/json")


def install_error_handlers(app: Flask) -> None:
    """Answer every error of an application with a code and a message, and nothing of its inside."""
    app.register_error_handler(MlflowException, _refused)
    app.register_error_handler(HTTPException, _refused_by_http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: MlflowException) -> Response:
    body, status = errors.to_json(error)
    if status in (500, 503):
        _log.error("%s %s failed: %s", request.method, request.path, error.message)
    return json_reply(body, status)


def _refused_by_http(error: HTTPException) -> Response:
    status = error.code or 500
    body, _ = errors.to_json(_explained(error, status))
    reply = json_reply(body, status)
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            reply.headers[name] = value
    return reply


def _explained(error: HTTPException, status: int) -> MlflowException:
    endpoint = f"{request.method} {request.path}"
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


def _unexpected(error: Exception) -> Response:
    # The last resort: what nobody foresaw goes to the log whole and to the client as a number.
    request_id = uuid.uuid4().hex
    _log.error("%s %s failed; request id %s", request.method, request.path, request_id, exc_info=error)
    hint = MlflowException(f"Internal error. The server's log says more under request id {request_id}.")
    return json_reply(*errors.to_json(hint))
