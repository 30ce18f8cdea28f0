"""The REST API proper, answered without Flask.

Its addresses have no variable parts, so one look into a dictionary finds the endpoint; arguments come from
the body or the query, and the answer is JSON. Flask needs several times as long as an endpoint to arrive at
the same, so requests meet this application first; what is not in its table goes on to Flask's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from werkzeug.exceptions import MethodNotAllowed

from pycore.protocols import Api
from pycore.server.arguments import arguments_of
from pycore.server.replies import refusal
from pycore.server.routing import JsonRoute
from pycore.wire.encoding import dumps

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from pycore.server.guard import Guard


class JsonApi:
    """A WSGI application of endpoints with fixed addresses.

    Parameters
    ----------
    api : Api
        Answers.
    routes : iterable of JsonRoute
        Without variable parts in their paths.
    otherwise : WSGI callable
        Answers at all other addresses.
    guard : Guard, optional
        Lets requests in.
    """

    def __init__(
        self,
        api: Api,
        routes: Iterable[JsonRoute],
        otherwise: WSGIApplication,
        guard: Guard | None = None,
    ) -> None:
        self._api = api
        self._guard = guard
        self._otherwise = otherwise
        self._routes: dict[str, dict[str, JsonRoute]] = defaultdict(dict)
        for route in routes:
            for address in route.addresses:
                self._routes[address][route.method] = route
                if route.method == "GET":
                    self._routes[address]["HEAD"] = route

    def methods(self, path: str) -> Set[str]:
        """Return the methods that an address answers; none where it is not in the table."""
        return self._routes[path].keys() if path in self._routes else set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        routes = self._routes.get(environ["PATH_INFO"])
        if routes is None:
            return self._otherwise(environ, start_response)
        method = environ["REQUEST_METHOD"]
        try:
            if method not in routes:
                raise MethodNotAllowed(sorted({*routes, "OPTIONS"}))
            api, arguments = self._api, arguments_of(environ)
            if self._guard is not None:
                api, arguments = self._guard.admit(routes[method], environ, arguments, {})
            answer = routes[method].handler(api, arguments)
            body = (dumps(answer),) if isinstance(answer, dict) else answer
        except Exception as error:  # noqa: BLE001  # an error of any kind has its reply
            return refusal(error, environ)(environ, start_response)
        headers = [("Content-Type", "application/json")]
        if isinstance(body, tuple):
            headers.append(("Content-Length", str(len(body[0]))))
        start_response("200 OK", headers)
        return () if method == "HEAD" else body
