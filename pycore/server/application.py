"""The Flask application of the tracking server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from werkzeug.routing import PathConverter

from pycore.protocols import Api
from pycore.server.access_log import AccessLog, install_access_log
from pycore.server.origins import OriginRules, install_origin_checks
from pycore.server.replies import install_error_handlers
from pycore.server.routing import ROUTES, Route


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
    """

    origins: OriginRules | None = field(default_factory=OriginRules)
    static_prefix: str = ""
    x_frame_options: str | None = "SAMEORIGIN"
    access_log: AccessLog | None = None


class _ArtifactPath(PathConverter):
    # Takes what the router's own refuses (leading slashes, newlines), so that every bad path
    # gets the same answer from the same check.
    regex = r"(?s:.*)"
    part_isolating = False


def make_app(api: Api, options: HttpOptions) -> Flask:
    """Build the application that answers for an Api."""
    # The package's own "static" folder does not exist; its route would only hide the 404 of ours.
    app = Flask(__name__, static_folder=None)
    app.url_map.converters["artifact"] = _ArtifactPath
    # An address is right or wrong; a redirect would lose the body of a PUT.
    app.url_map.merge_slashes = False
    install_error_handlers(app)
    # Before the checks of origins: what they turn away is answered, and logged, as well.
    if options.access_log is not None:
        install_access_log(app, options.access_log)
    if options.origins is not None:
        install_origin_checks(app, options.origins)
    for route in ROUTES:
        view = _view(route, api)
        for address in route.addresses:
            app.add_url_rule(address, route.name + address, view, methods=[route.method])

    @app.after_request
    def protect(reply: Response) -> Response:
        reply.headers["X-Content-Type-Options"] = "nosniff"
        if options.x_frame_options:
            reply.headers["X-Frame-Options"] = options.x_frame_options
        return reply

    if prefix := options.static_prefix.strip("/"):
        app.wsgi_app = _under_prefix(app.wsgi_app, f"/{prefix}")  # type: ignore[method-assign]
    return app


def _view(route: Route, api: Api) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return route.respond(api, request, **path)

    return view


def _under_prefix(application: Callable[..., Iterable[bytes]], prefix: str) -> Callable[..., Iterable[bytes]]:
    def prefixed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return prefixed
