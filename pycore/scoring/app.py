"""The HTTP face of one model: a WSGI application of a few addresses.

Without a web framework, which would take more time for a request than R's ``predict`` does.

References
----------
MLflow scoring protocol, routes and errors; here every error is JSON.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from pycore.config import MAX_BODY_MB
from pycore.errors import MlflowException, Unavailable
from pycore.models.signature import ModelSignature
from pycore.scoring.body_limit import BodyLimit
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.metrics import CONTENT_TYPE as METRICS_TYPE
from pycore.scoring.metrics import render_metrics
from pycore.scoring.request_body import read_request_body
from pycore.scoring.scorer import Scorer
from pycore.wire.encoding import dumps
from pycore.wire.errors import ENDPOINT_NOT_FOUND, to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_log = logging.getLogger(__name__)

#: When a caller may try again whom a full queue or a restart has turned away.
_RETRY_AFTER_S = "1"
#: What the caller should know although there is an answer.
WARNING_HEADER = "X-Crateflow-Warning"
#: Which request this is, in logs along its way.
REQUEST_ID_HEADER = "X-Request-Id"
#: What may stand in a header and in a line of the log as it is.
_GOOD_REQUEST_ID = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class _Response(NamedTuple):
    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


class ScoringApp:
    """Answers ``/invocations``, ``/ping``, ``/health``, ``/version`` and ``/metrics`` for one model.

    Every reply carries an ``X-Request-Id``, the caller's own where it sent one; the log names it too.

    Parameters
    ----------
    signature : ModelSignature, optional
        What the model takes; None passes on what comes.
    engine : EngineClient
    """

    def __init__(self, signature: ModelSignature | None, engine: EngineClient) -> None:
        self._engine = engine
        self._limit = BodyLimit(MAX_BODY_MB.get())
        self._scorer = Scorer(signature, engine.predict, self._limit)
        self._version = version("crateflow").encode()
        self._routes: Mapping[str, tuple[str, Callable[[dict[str, Any]], _Response]]] = {
            "/invocations": ("POST", self._score),
            "/ping": ("GET", self._ping),
            "/health": ("GET", self._ping),
            # Clients take the body as it is: no quotes, no newline.
            "/version": ("GET", lambda _: _Response(self._version)),
            "/metrics": ("GET", self._metrics),
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        started = time.monotonic()
        request_id = _request_id(environ)
        try:
            response = self._answer(environ)
        except MlflowException as error:
            response = _refused(error)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw: to the log, and not to the caller
            _log.error("request %s failed unexpectedly", request_id, exc_info=error)
            response = _refused(MlflowException("The server failed at this request; its log says more."))
        body, status, headers, content_type = response
        _log.info(
            "request=%s method=%s path=%s status=%d bytes=%d ms=%.1f",
            request_id,
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("unicode_escape").decode(),
            status,
            len(body),
            1000 * (time.monotonic() - started),
        )
        fields = (
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            (REQUEST_ID_HEADER, request_id),
        )
        start_response(_STATUS_LINES[status], [*fields, *headers])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> _Response:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path not in self._routes:
            gets = [name for name, (allowed, _) in self._routes.items() if allowed == "GET"]
            return _refused(
                MlflowException(
                    f"There is no {path!r} here: POST rows to /invocations; GET {', '.join(gets)}.",
                    ENDPOINT_NOT_FOUND,
                )
            )
        allowed, answer = self._routes[path]
        if method != allowed:
            refused = _refused(
                MlflowException(f"{path} answers to {allowed}, not to {method}.", ENDPOINT_NOT_FOUND)
            )
            return _Response(refused.body, HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", allowed),))
        return answer(environ)

    def _ping(self, _: dict[str, Any]) -> _Response:
        if not self._engine.state()["healthy"]:
            raise Unavailable("The model's workers fail to start; the server's log says why.")
        return _Response(b"\n")

    def _metrics(self, _: dict[str, Any]) -> _Response:
        return _Response(render_metrics(self._engine.state()), content_type=METRICS_TYPE)

    def _score(self, environ: dict[str, Any]) -> _Response:
        body = read_request_body(environ, self._limit)
        reply = self._scorer.score(body, environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT"))
        headers = () if reply.warning is None else ((WARNING_HEADER, reply.warning),)
        return _Response(reply.body, headers=headers, content_type=reply.content_type)


def _request_id(environ: dict[str, Any]) -> str:
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _GOOD_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _refused(error: MlflowException) -> _Response:
    fields, status = to_json(error)
    headers = (("Retry-After", _RETRY_AFTER_S),) if isinstance(error, Unavailable) else ()
    return _Response(dumps(fields), status, headers)
