"""The HTTP face of one model: a WSGI application of a few addresses.

Without a web framework, which would take more time for a request than R's ``predict`` does.

References
----------
MLflow scoring protocol, routes and errors; here every error is JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pycore.errors import MlflowException, Unavailable
from pycore.http.access_log import REQUEST_ID
from pycore.http.swagger_page import SWAGGER_FILES, Document, swagger_file, swagger_page
from pycore.models.signature import ModelSignature
from pycore.models.spec import Model
from pycore.scoring.body_limit import BodyLimit, configured_limit
from pycore.scoring.content_type import ARROW
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.input_example import example_body
from pycore.scoring.metrics import render_metrics
from pycore.scoring.openapi import describe
from pycore.scoring.request_body import read_request_body
from pycore.scoring.scorer import Scorer
from pycore.wire.encoding import dumps, loads
from pycore.wire.errors import ENDPOINT_NOT_FOUND, to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_log = logging.getLogger(__name__)

#: When a caller may try again whom a full queue or a restart has turned away.
_RETRY_AFTER_S = "1"
#: What the caller should know although there is an answer.
WARNING_HEADER = "X-Crateflow-Warning"
#: The addresses and what method each answers to.
ROUTES: Mapping[str, str] = {
    "/invocations": "POST",
    "/ping": "GET",
    "/health": "GET",
    "/version": "GET",
    "/metrics": "GET",
    "/openapi.json": "GET",
    "/docs": "GET",
}
#: The files of the page at /docs.
FILES: Mapping[str, str] = {f"/docs/{name}": name for name in SWAGGER_FILES}

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class _Response(NamedTuple):
    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


class ScoringApp:
    """Answers at the addresses of one model.

    Parameters
    ----------
    signature : ModelSignature, optional
        What the model takes; None passes on what comes.
    engine : EngineClient
    limit : BodyLimit, optional
        The configured one by default.
    example : bytes, optional
        A body that the model takes, shown to whoever asks what there is.
    """

    def __init__(
        self,
        signature: ModelSignature | None,
        engine: EngineClient,
        limit: BodyLimit | None = None,
        example: bytes | None = None,
    ) -> None:
        self._engine = engine
        self._limit = limit or configured_limit()
        self._scorer = Scorer(signature, engine.predict, self._limit)
        self._signature = signature
        self._example = example
        self._version = version("crateflow").encode()
        self._answers: Mapping[str, Callable[[dict[str, Any]], _Response]] = {
            "/invocations": self._score,
            "/ping": self._ping,
            "/health": self._ping,
            # Clients take the body as it is: no quotes, no newline.
            "/version": lambda _: _Response(self._version),
            "/metrics": self._metrics,
            "/openapi.json": self._openapi,
            "/docs": lambda _: _shown(swagger_page("Scoring", "docs")),
            **dict.fromkeys(FILES, self._file),
        }

    @classmethod
    def of_model(cls, path: Path, engine: EngineClient, limit: BodyLimit | None = None) -> ScoringApp:
        """Build the application of a model's folder."""
        model = Model.load(path)
        return cls(model.signature, engine, limit, example_body(path, model))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        try:
            response = self._answer(environ)
        except MlflowException as error:
            response = _refused(error)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw: to the log, and not to the caller
            _log.error("request %s failed unexpectedly", environ.get(REQUEST_ID), exc_info=error)
            response = _refused(MlflowException("The server failed at this request; its log says more."))
        body, status, headers, content_type = response
        fields = (("Content-Type", content_type), ("Content-Length", str(len(body))))
        start_response(_STATUS_LINES[status], [*fields, *headers])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> _Response:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        answer = self._answers.get(path)
        if answer is None:
            gets = [name for name, allowed in ROUTES.items() if allowed == "GET"]
            return _refused(
                MlflowException(
                    f"There is no {path!r} here: POST rows to /invocations; GET {', '.join(gets)}.",
                    ENDPOINT_NOT_FOUND,
                )
            )
        if method != (allowed := ROUTES.get(path, "GET")):
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
        text, content_type = render_metrics(self._engine.state())
        return _Response(text, content_type=content_type)

    def _openapi(self, _: dict[str, Any]) -> _Response:
        example = None if self._example is None else loads(self._example)
        return _Response(dumps(describe(self._signature, example)))

    @staticmethod
    def _file(environ: dict[str, Any]) -> _Response:
        return _shown(swagger_file(FILES[environ["PATH_INFO"]], "openapi.json"))

    def _score(self, environ: dict[str, Any]) -> _Response:
        content_type = environ.get("CONTENT_TYPE")
        # Columns of numbers are in such a body as the model gets them.
        room_for = self._engine.room if content_type == ARROW else None
        body = read_request_body(environ, self._limit, room_for)
        reply = self._scorer.score(body, content_type, environ.get("HTTP_ACCEPT"))
        headers = () if reply.warning is None else ((WARNING_HEADER, reply.warning),)
        return _Response(reply.body, headers=headers, content_type=reply.content_type)


def route_of(environ: Mapping[str, Any]) -> str | None:
    """Return the route of a request for the access log."""
    path: str = environ["PATH_INFO"]
    return path if path in ROUTES or path in FILES else None


def _shown(document: Document) -> _Response:
    return _Response(document.body, headers=document.headers, content_type=document.content_type)


def _refused(error: MlflowException) -> _Response:
    fields, status = to_json(error)
    headers = (("Retry-After", _RETRY_AFTER_S),) if isinstance(error, Unavailable) else ()
    return _Response(dumps(fields), status, headers)
