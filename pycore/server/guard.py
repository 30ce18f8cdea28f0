"""The door of a server that asks who calls: who it is, and what that one may have done.

Both are asked once for each request: `Guard.authenticated` stands around the application, `Guard.admit`
before each endpoint, which then works on a platform that acts for the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pycore.auth.access import Access
from pycore.auth.authenticator import Authenticator, Caller
from pycore.auth.options import AuthOptions
from pycore.entities import Actor, Permission, TokenScope
from pycore.errors import MlflowException, PermissionDenied, TooManyRequests, Unauthenticated
from pycore.protocols import Api
from pycore.server.needs import OPEN
from pycore.server.replies import refusal
from pycore.services.build import Services
from pycore.wire.request import Arguments

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from pycore.server.routing import Route

#: Where the environment of WSGI has the `Caller`.
_CALLER = "crateflow.caller"
#: Browsers show a form for the first that they know.
_CHALLENGES = ('Basic realm="crateflow", charset="UTF-8"', 'Bearer realm="crateflow"')
_RETRY_AFTER_S = "60"


@dataclass(frozen=True)
class Visit:
    """One request of a known user.

    Attributes
    ----------
    caller : Caller
    access : Access
    api : Api
        Acts for the caller.
    managed_stages : tuple of str
        See `AuthOptions`.
    """

    caller: Caller
    access: Access
    api: Api
    managed_stages: tuple[str, ...]


class Guard:
    """Lets in who is known and may do what is asked for.

    Parameters
    ----------
    services : Services
    authenticator : Authenticator
    options : AuthOptions
    """

    def __init__(self, services: Services, authenticator: Authenticator, options: AuthOptions) -> None:
        self._services = services
        self._authenticator = authenticator
        self._options = options

    def authenticated(self, application: WSGIApplication, open_paths: Iterable[str]) -> WSGIApplication:
        """Return an application that only known users reach, but for some addresses."""
        open_to_all = frozenset(open_paths)

        def ask(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] not in open_to_all:
                address = environ.get("REMOTE_ADDR", "")
                try:
                    environ[_CALLER] = self._authenticator.caller(environ.get("HTTP_AUTHORIZATION"), address)
                except MlflowException as error:
                    return _refused(error, environ)(environ, start_response)
            return application(environ, start_response)

        return ask

    def admit(
        self, route: Route, environ: WSGIEnvironment, arguments: Arguments, path: Mapping[str, str]
    ) -> tuple[Api, Arguments]:
        """Let a request through to its endpoint.

        Returns
        -------
        Api
            Acts for the caller.
        Arguments
            Without what the caller may not know of.

        Raises
        ------
        PermissionDenied
            The caller may not do this.
        """
        if route.needs is OPEN:
            return self._services, arguments
        visit = self._visit(environ)
        scope = visit.caller.scope
        if scope is TokenScope.SCORE or (scope is TokenScope.READ and not route.needs.reads):
            raise PermissionDenied(f"This token is for {_PURPOSES[scope]} only.")
        if visit.caller.user.is_admin:
            return visit.api, arguments
        return visit.api, route.needs.check(visit, arguments, path)

    def admit_scoring(self, environ: Mapping[str, Any], name: str) -> None:
        """Refuse who may not read a registered model to score with it.

        Raises
        ------
        PermissionDenied
        """
        permission = self._visit(environ).access.to_registered_model(name)
        if permission is not None and permission < Permission.READ:
            raise PermissionDenied(
                f"This needs READ on the registered model {name!r}. Ask one who manages it, or an "
                "administrator."
            )

    def _visit(self, environ: Mapping[str, Any]) -> Visit:
        caller: Caller = environ[_CALLER]
        actor = Actor(caller.user, self._options.default)
        services = self._services
        access = Access(actor, services.tracking, services.registry)
        return Visit(caller, access, services.acting_for(actor), self._options.managed_stages)


_PURPOSES = {TokenScope.READ: "reading and scoring", TokenScope.SCORE: "scoring"}


def _refused(error: MlflowException, environ: WSGIEnvironment) -> WSGIApplication:
    reply = refusal(error, environ)
    if isinstance(error, Unauthenticated):
        for challenge in _CHALLENGES:
            reply.headers.add("WWW-Authenticate", challenge)
    if isinstance(error, TooManyRequests):
        reply.headers["Retry-After"] = _RETRY_AFTER_S
    return reply
