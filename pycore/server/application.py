"""The Flask application of the tracking server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.routing import PathConverter

from pycore.http.access_log import AccessLog, logged
from pycore.protocols import Api
from pycore.server.json_api import JsonApi
from pycore.server.metrics import ServerMetrics
from pycore.server.origins import OriginRules, checked_origins
from pycore.server.replies import install_error_handlers
from pycore.server.routes.probes import METRICS
from pycore.server.routing import FIXED_ROUTES, OPEN_ADDRESSES, ROUTES, Route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from pycore.server.guard import Guard

#: Where the WSGI environment has the route that a request met, for the access log.
ROUTE = "crateflow.route"


@dataclass(frozen=True)
class HttpOptions:
    """How the server presents itself.

    Attributes
    ----------
    origins : OriginRules or None
        Who may call from where; None switches the checks off.
    static_prefix : str
        Path a proxy puts in front, such as ``/tracking``. Addresses answer with it and without.
    x_frame_options : str or None
        Value of that header, which tells browsers who may show pages in a frame; None leaves it out.
    access_log : AccessLog or None
        Where a line is written for every request.
    metrics : ServerMetrics or None
        Where requests are counted.
    """

    origins: OriginRules | None = field(default_factory=OriginRules)
    static_prefix: str = ""
    x_frame_options: str | None = "SAMEORIGIN"
    access_log: AccessLog | None = None
    metrics: ServerMetrics | None = None


class _ArtifactPath(PathConverter):
    # Takes what the router's own refuses (leading slashes, newlines), so that every bad path
    # gets the same answer from the same check.
    regex = r"(?s:.*)"
    part_isolating = False


def make_app(
    api: Api, options: HttpOptions, guard: Guard | None = None, routes: Sequence[Route] = ROUTES
) -> Flask:
    """Build the application that answers for an Api, to all or to whom a guard lets in."""
    # The package's own "static" folder does not exist; its route would only hide the 404 of ours.
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["artifact"] = _ArtifactPath
    # An address is right or wrong; a redirect would lose the body of a PUT.
    app.url_map.merge_slashes = False
    app.extensions[METRICS] = options.metrics
    install_error_handlers(app)
    fixed = [route for route in FIXED_ROUTES if route in routes]
    for route in routes:
        if route not in fixed:
            view = _view(route, api, guard)
            for address in route.addresses:
                app.add_url_rule(address, route.name + address, view, methods=[route.method])

    @app.before_request
    def note_route() -> None:
        request.environ[ROUTE] = request.url_rule.rule if request.url_rule else None

    # What is true of every request stands around both, Flask and the table in front of it.
    table = JsonApi(api, fixed, app.wsgi_app, guard)
    application: WSGIApplication = table
    if guard is not None:
        application = guard.authenticated(table, OPEN_ADDRESSES)

    def methods(environ: WSGIEnvironment) -> Iterable[str]:
        found = table.methods(environ["PATH_INFO"])
        return {*found, "OPTIONS"} if found else app.url_map.bind_to_environ(environ).allowed_methods()

    def route_of(environ: WSGIEnvironment) -> str | None:
        path: str = environ["PATH_INFO"]
        return path if environ["REQUEST_METHOD"] in table.methods(path) else environ.get(ROUTE)

    if options.origins is not None:
        application = checked_origins(application, options.origins, methods)
    application = _protected(application, options.x_frame_options)
    # Around the checks of origins: what they turn away is answered, counted and logged as well.
    if options.metrics is not None:
        application = options.metrics.measured(application, route_of)
    if options.access_log is not None:
        application = logged(application, options.access_log, route_of)
    if prefix := options.static_prefix.strip("/"):
        application = _under_prefix(application, f"/{prefix}")
    app.wsgi_app = application  # type: ignore[assignment, method-assign]
    return app


def _view(route: Route, api: Api, guard: Guard | None) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return route.respond(api, guard, request, **path)

    return view


def _protected(application: WSGIApplication, x_frame_options: str | None) -> WSGIApplication:
    protection = [("X-Content-Type-Options", "nosniff")]
    if x_frame_options:
        protection.append(("X-Frame-Options", x_frame_options))

    def protected(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, headers + protection, exc_info)

        return application(environ, start)

    return protected


def _under_prefix(application: WSGIApplication, prefix: str) -> WSGIApplication:
    def prefixed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return prefixed
