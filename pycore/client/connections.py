"""Kept connections to one server, as its address, the environment and the settings ask for them."""

from __future__ import annotations

import netrc
import os
import threading
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from pycore import config
from pycore.errors import InvalidInput

CONNECT_TIMEOUT_S = 10
#: Bytes that are read or sent at once.
BLOCK_BYTES = 1024 * 1024
#: Go up to five times elsewhere, and try nothing again.
_FOLLOW = urllib3.Retry(None, connect=0, read=0, redirect=5, status=0, other=0)

Response: TypeAlias = urllib3.BaseHTTPResponse


class Connections:
    """The connections to one server; safe to share between threads and to carry over a fork.

    Credentials, TLS settings and time limits are read from `pycore.config` at each request; proxies and
    ``~/.netrc`` once per thread.

    Parameters
    ----------
    base : str
        ``http://`` or ``https://``, with the path prefix the server is mounted under, if any, and maybe
        user and password.
    """

    def __init__(self, base: str) -> None:
        try:
            parts = urlsplit(base)
            host = parts.hostname
        except ValueError as error:
            raise InvalidInput(f"{base!r} is no address of a server: {error}.") from error
        if not host:
            raise InvalidInput(f"{base!r} is no address of a server: it names no host.")
        self._parts = parts
        netloc = parts.netloc.rpartition("@")[2]
        # Messages end up in logs: they name the server without the credentials its URI may hold.
        self.address = f"{parts.scheme}://{netloc}{parts.path}"
        self._local = threading.local()

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any = None,
        *,
        follow: bool = False,
        stream: bool = False,
    ) -> Response:
        """Send one request and return the reply, whatever its status.

        Parameters
        ----------
        path : str
            Below the address, with the query.
        body : bytes or file, optional
        follow : bool
            Go where a reply redirects to; a redirected POST would become a GET.
        stream : bool
            Leave the reply's body to be read.

        Raises
        ------
        urllib3.exceptions.HTTPError
            No reply came.
        """
        manager = self._manager()
        timeout_s = config.HTTP_TIMEOUT_S.get()
        credentials = self._credentials()
        return manager.urlopen(
            method,
            self.address + path,
            body=body,
            headers={**headers, "Authorization": credentials} if credentials else headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
            redirect=follow,
            retries=_FOLLOW if follow else False,
            preload_content=not stream,
        )

    def _manager(self) -> urllib3.PoolManager:
        # A connection belongs to one thread of one process: after a fork both would read from it.
        made_for = os.getpid(), _tls() if self._parts.scheme == "https" else ()
        if getattr(self._local, "made_for", None) != made_for:
            self._local.manager = _open(self._parts, dict(made_for[1]))
            self._local.netrc = _from_netrc(self._parts.hostname or "")
            self._local.made_for = made_for
        manager: urllib3.PoolManager = self._local.manager
        return manager

    def _credentials(self) -> str | None:
        user, password, token = config.USERNAME.get(), config.PASSWORD.get(), config.TOKEN.get()
        if user and password:
            return _basic(user, password)
        if token:
            return f"Bearer {token}"
        if self._parts.username is not None:
            return _basic(unquote(self._parts.username), unquote(self._parts.password or ""))
        found: str | None = self._local.netrc
        return found


def _open(server: SplitResult, tls: Mapping[str, Any]) -> urllib3.PoolManager:
    """Open nothing yet: connections are made, and kept, as they are needed."""
    options: dict[str, Any] = {"maxsize": 1, "blocksize": BLOCK_BYTES, **tls}
    proxies = getproxies()
    proxy = proxies.get(server.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(server.netloc.rpartition("@")[2]):
        return urllib3.PoolManager(**options)
    # Proxies are commonly given by host and port alone.
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if parts.username is not None:
        headers = {"Proxy-Authorization": _basic(unquote(parts.username), unquote(parts.password or ""))}
    return urllib3.ProxyManager(parts.geturl(), proxy_headers=headers, **options)


def _tls() -> tuple[tuple[str, Any], ...]:
    """Return what a connection needs to know of certificates, in a form that can be compared."""
    client = (("cert_file", path),) if (path := config.CLIENT_CERT_PATH.get()) else ()
    if config.INSECURE_TLS.get():
        return ("cert_reqs", "CERT_NONE"), *client
    given = config.SERVER_CERT_PATH.get()
    if given and not Path(given).exists():
        raise InvalidInput(f"{config.SERVER_CERT_PATH.name} names {given!r}, which does not exist.")
    trusted = given or _default_certificates()
    kind = "ca_cert_dir" if Path(trusted).is_dir() else "ca_certs"
    return ("cert_reqs", "CERT_REQUIRED"), (kind, trusted), *client


def _default_certificates() -> str:
    # The variables of requests and curl, which whoever sits behind an inspecting proxy has set.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(name):
            return path
    import certifi  # plain HTTP does without

    return certifi.where()


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _from_netrc(host: str) -> str | None:
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return _basic(found[0] or found[1] or "", found[2] or "") if found else None
