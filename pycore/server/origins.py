"""Who may call from where: the Host and Origin headers of browsers.

A page from elsewhere must not reach a server on a developer's machine, neither by letting its own name
point there (DNS rebinding, refused by Host) nor by posting across origins (refused by Origin).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Response

from pycore.errors import MlflowException, PermissionDenied
from pycore.server.replies import refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
#: Asked by load balancers, under whatever name they know.
_OPEN_TO_ALL_HOSTS = ("/health", "/version")


@dataclass(frozen=True)
class OriginRules:
    """What is accepted besides this machine itself.

    Attributes
    ----------
    allowed_hosts : sequence of str
        Host names, with ``*`` as wildcard; addresses of private networks when empty.
    allowed_origins : sequence of str
        Such as ``https://example.org``, with ``*`` as wildcard.
    """

    allowed_hosts: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()

    def allows_host(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        name = _host_name(f"//{host}")
        if name is None:
            return False
        if _is_loopback(name):
            return True
        if self.allowed_hosts:
            patterns = [pattern.lower() for pattern in self.allowed_hosts]
            return any(fnmatchcase(name, p) or fnmatchcase(host.lower(), p) for p in patterns)
        return _is_private(name)

    def allows_origin(self, origin: str, host: str) -> bool:
        """Return whether a page of this origin may call the server under this Host."""
        name = _host_name(origin)
        if name is not None and (_is_loopback(name) or urlsplit(origin).netloc == host):
            return True
        return any(fnmatchcase(origin, pattern) for pattern in self.allowed_origins)


def checked_origins(
    application: WSGIApplication, rules: OriginRules, methods: Callable[[WSGIEnvironment], Iterable[str]]
) -> WSGIApplication:
    """Refuse requests of foreign hosts and origins, and let allowed origins read the replies.

    Parameters
    ----------
    application : WSGI callable
        Gets the requests that are not refused.
    rules : OriginRules
    methods : callable
        Names the methods that the address of a request answers.
    """
    # Clients come back with the same few hosts.
    allows_host = lru_cache(maxsize=256)(rules.allows_host)

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        origin = environ.get("HTTP_ORIGIN")
        allowed = origin is None or rules.allows_origin(origin, host)

        def let_read(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("Vary", "Origin"))
            if origin is not None and allowed:
                headers.append(("Access-Control-Allow-Origin", origin))
            return start_response(status, headers, exc_info)

        method = environ["REQUEST_METHOD"]
        try:
            if host and environ["PATH_INFO"] not in _OPEN_TO_ALL_HOSTS and not allows_host(host):
                raise PermissionDenied(
                    f"Invalid Host header: {host!r} is no name of this server; allow it with --allowed-hosts."
                )
            if not allowed and (method in _WRITING_METHODS or method == "OPTIONS"):
                raise PermissionDenied(
                    f"Cross-origin request blocked: allow {origin!r} with --cors-allowed-origins."
                )
        except MlflowException as error:
            return refusal(error, environ)(environ, let_read)
        if method == "OPTIONS":
            return _preflight(environ, methods(environ))(environ, let_read)
        return application(environ, let_read)

    return checked


def _preflight(environ: WSGIEnvironment, methods: Iterable[str]) -> Response:
    names = ", ".join(sorted(methods))
    reply = Response(status=204, headers={"Allow": names, "Access-Control-Allow-Methods": names})
    if wanted := environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"):
        reply.headers["Access-Control-Allow-Headers"] = wanted
    return reply


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _is_private(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_private


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
