"""Who may call from where: the Host and Origin headers of browsers.

A page from elsewhere must not reach a server on a developer's machine, neither by letting its own name
point there (DNS rebinding, refused by Host) nor by posting across origins (refused by Origin).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from flask import Flask, Response, request

from pycore.errors import MlflowException
from pycore.wire.errors import PERMISSION_DENIED

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


def install_origin_checks(app: Flask, rules: OriginRules) -> None:
    """Refuse requests of foreign hosts and origins, and let allowed origins read the replies."""

    @app.before_request
    def check() -> Response | None:
        host = request.headers.get("Host", "")
        if host and request.path not in _OPEN_TO_ALL_HOSTS and not rules.allows_host(host):
            raise MlflowException(
                f"Invalid Host header: {host!r} is no name of this server; allow it with --allowed-hosts.",
                PERMISSION_DENIED,
            )
        origin = request.headers.get("Origin")
        allowed = origin is None or rules.allows_origin(origin, host)
        if request.method == "OPTIONS":
            return _preflight(allowed, _methods_here(app))
        if request.method in _WRITING_METHODS and not allowed:
            raise MlflowException(
                f"Cross-origin request blocked: allow {origin!r} with --cors-allowed-origins.",
                PERMISSION_DENIED,
            )
        return None

    @app.after_request
    def let_read(reply: Response) -> Response:
        reply.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is not None and rules.allows_origin(origin, request.headers.get("Host", "")):
            reply.headers["Access-Control-Allow-Origin"] = origin
        return reply


def _methods_here(app: Flask) -> Iterable[str]:
    adapter = app.create_url_adapter(request)
    return adapter.allowed_methods() if adapter else ()


def _preflight(allowed: bool, methods: Iterable[str]) -> Response:
    if not allowed:
        raise MlflowException("Cross-origin request blocked.", PERMISSION_DENIED)
    names = ", ".join(sorted(methods))
    reply = Response(status=204, headers={"Allow": names, "Access-Control-Allow-Methods": names})
    if wanted := request.headers.get("Access-Control-Request-Headers"):
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
