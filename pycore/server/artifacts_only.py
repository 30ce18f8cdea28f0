"""A server that keeps artifacts and nothing else: it has no database, and says so at other addresses."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Flask, Response, request

from pycore.errors import NotFound
from pycore.protocols import Api, ArtifactStores
from pycore.server.application import HttpOptions, make_app
from pycore.server.replies import refusal
from pycore.server.routing import PROXY_PREFIXES, ROUTES
from pycore.wire.errors import ENDPOINT_NOT_FOUND

_PROBES = ("server-info", "health", "version", "metrics")
#: Files of the destination, and what is asked about the server itself.
ARTIFACT_ROUTES = tuple(
    route for route in ROUTES if route.prefixes == PROXY_PREFIXES or route.path in _PROBES
)


def make_artifact_app(artifacts: ArtifactStores, options: HttpOptions) -> Flask:
    """Build the application that answers for stores of artifacts alone."""
    nothing: Any = _Nothing()
    api = Api(nothing, nothing, nothing, nothing, nothing, nothing, nothing, artifacts)
    app = make_app(api, options, routes=ARTIFACT_ROUTES)

    @app.errorhandler(404)
    def elsewhere(_: Exception) -> Response:
        return refusal(_no_endpoint(f"{request.method} {request.path}"), request.environ)

    return app


class _Nothing:
    """Stands for what a database would know: whatever is looked for, it is not there."""

    def __getattr__(self, name: str) -> NoReturn:
        raise NotFound("This server keeps artifacts only.")


def _no_endpoint(endpoint: str) -> NotFound:
    return NotFound(
        f"There is no endpoint {endpoint!r} here: this server serves artifacts only (--artifacts-only); ask "
        "the tracking server.",
        ENDPOINT_NOT_FOUND,
    )
