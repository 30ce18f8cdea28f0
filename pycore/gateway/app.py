"""The HTTP face of all registered models: a WSGI application below ``/model/``."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pycore.errors import MlflowException, NotFound, Unauthenticated, Unavailable
from pycore.gateway.client import GatewayClient, LentEngine
from pycore.gateway.references import FORMS
from pycore.http.access_log import REQUEST_ID
from pycore.scoring.app import FILES as SCORING_FILES
from pycore.scoring.app import ROUTES as SCORING_ROUTES
from pycore.scoring.app import WARNING_HEADER, ScoringApp
from pycore.scoring.body_limit import BodyLimit
from pycore.scoring.engine.client import EngineClient
from pycore.wire.encoding import dumps
from pycore.wire.errors import ENDPOINT_NOT_FOUND, to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_log = logging.getLogger(__name__)

PREFIX = "/model/"
_MODEL = f"{PREFIX}<name>/<reference>"
#: Every endpoint, as method and address: what a scoring server has, for each model, and what tells of it.
ROUTES = (*((method, f"{_MODEL}{address}") for address, method in SCORING_ROUTES.items()), ("GET", _MODEL))
#: Which version has answered.
VERSION_HEADER = "X-Crateflow-Model-Version"

#: What may follow a reference.
_METHODS = {**SCORING_ROUTES, **dict.fromkeys(SCORING_FILES, "GET"), "": "GET"}
#: Engines this process remembers how to ask.
_REMEMBERED = 64
_RETRY_AFTER_S = "1"


class _Address(NamedTuple):
    name: str
    reference: str
    action: str

    @property
    def route(self) -> str:
        """The address without what users have named."""
        return f"{_MODEL}{self.action}"


class GatewayApp:
    """Answers for every model that the supervisor can start.

    Parameters
    ----------
    client : GatewayClient
    admit : callable, optional
        Gets the environment of a request and the name of a model, and refuses who may not score with it;
        everybody may without.
    limit : BodyLimit, optional
        The configured one by default.
    """

    def __init__(
        self,
        client: GatewayClient,
        admit: Callable[[Mapping[str, Any], str], None] | None = None,
        limit: BodyLimit | None = None,
    ) -> None:
        self._client = client
        self._admit = admit
        self._limit = limit
        self._scoring: OrderedDict[Path, ScoringApp] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        try:
            return self._answer(environ, start_response)
        except MlflowException as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - what nobody foresaw: to the log, and not to the caller
            _log.error("request %s failed unexpectedly", environ.get(REQUEST_ID), exc_info=error)
            refusal = MlflowException("The server failed at this request; its log says more.")
        body, status = to_json(refusal)
        headers = []
        if isinstance(refusal, Unavailable):
            headers.append(("Retry-After", _RETRY_AFTER_S))
        if isinstance(refusal, Unauthenticated):
            headers.append(("WWW-Authenticate", "Bearer"))
        return _reply(start_response, dumps(body), status, headers)

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        address = _address(environ["PATH_INFO"])
        if self._admit is not None:
            self._admit(environ, address.name)
        allowed, method = _METHODS[address.action], environ["REQUEST_METHOD"]
        if method != allowed:
            error = MlflowException(
                f"{environ['PATH_INFO']} answers to {allowed}, not to {method}.", ENDPOINT_NOT_FOUND
            )
            headers = [("Allow", allowed)]
            return _reply(start_response, dumps(to_json(error)[0]), HTTPStatus.METHOD_NOT_ALLOWED, headers)
        if not address.action:
            return _reply(start_response, dumps(self._client.status(address.name, address.reference)))
        with self._client.lease(address.name, address.reference) as engine:

            def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
                return start_response(status, [*headers, *_about(engine)], *exc_info)

            inner = {**environ, "PATH_INFO": address.action}
            # The body is whole when this returns: nothing of the engine is needed after the lease.
            return list(self._scoring_app(engine)(inner, start))

    def _scoring_app(self, engine: LentEngine) -> ScoringApp:
        with self._lock:
            app = self._scoring.get(engine.address)
            if app is None:
                client = EngineClient(engine.address, engine.timeout_s)
                app = self._scoring[engine.address] = ScoringApp.of_model(engine.path, client, self._limit)
                if len(self._scoring) > _REMEMBERED:
                    self._scoring.popitem(last=False)
            self._scoring.move_to_end(engine.address)
            return app


def _address(path: str) -> _Address:
    """Read an address from its end: whatever a name holds, what follows it does not."""
    # WSGI hands over the decoded bytes of a path as Latin-1.
    text = path.encode("latin-1").decode("utf-8", errors="replace")
    rest = text.removeprefix(PREFIX).rstrip("/") if text.startswith(PREFIX) else ""
    action = next(end for end in _METHODS if rest.endswith(end))
    parts = rest.removesuffix(action).split("/")
    if len(parts) < 2 or not all(parts):
        raise NotFound(
            f"There is no {text!r} here: POST rows to {PREFIX}<name>/<reference>/invocations, where "
            f"<reference> is {FORMS}; GET {PREFIX}<name>/<reference> describes the model.",
            ENDPOINT_NOT_FOUND,
        )
    return _Address("/".join(parts[:-1]), parts[-1], action)


def route_of(environ: Mapping[str, Any]) -> str | None:
    """Return the route of a request for the access log."""
    try:
        return _address(environ["PATH_INFO"]).route
    except NotFound:
        return None


def _about(engine: LentEngine) -> list[tuple[str, str]]:
    headers = [(VERSION_HEADER, engine.version)]
    if engine.warning is not None:
        # A header is one line of Latin-1.
        line = " ".join(engine.warning.split()).encode("ascii", "replace").decode()
        headers.append((WARNING_HEADER, line))
    return headers


def _reply(
    start_response: StartResponse, body: bytes, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    phrase = HTTPStatus(status).phrase
    start_response(
        f"{status} {phrase}",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers],
    )
    return [body]
