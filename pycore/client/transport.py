"""HTTP to one server: connections, credentials, retries, errors."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase, HTTPBasicAuth

from pycore import config
from pycore.errors import InvalidInput, MlflowException, Unavailable
from pycore.wire import encoding, errors
from pycore.wire.encoding import JsonObject

API = "/api/2.0"
CONNECT_TIMEOUT_S = 10
#: The n-th repetition waits 2^n times this, or what the server asks for; seven of them make 13 seconds.
BACKOFF_S = 0.1
LONGEST_WAIT_S = 60.0
#: The server, or something before it, could not serve the request now (MLflow REST protocol).
PASSING_STATUS = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
DOWNLOAD_BUFFER_BYTES = 1024 * 1024


class Transport:
    """The way to one server; safe to share between threads and to carry over a fork.

    Credentials, TLS settings and time limits are read from `pycore.config` at each request.

    Parameters
    ----------
    server_uri : str
        ``http://`` or ``https://``, with the path prefix the server is mounted under, if any.
    sleep : callable
        Waits a number of seconds between tries.
    """

    def __init__(self, server_uri: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base = server_uri.rstrip("/")
        self._sleep = sleep
        self._local = threading.local()
        try:
            parts = urlsplit(self._base)
        except ValueError as error:
            raise InvalidInput(f"{server_uri!r} is no address of a server: {error}.") from error
        # Messages end up in logs: they name the server without the credentials its URI may hold.
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: JsonObject | None = None,
        idempotent: bool,
    ) -> JsonObject:
        """Ask the server and return its JSON reply.

        Parameters
        ----------
        method : str
            The HTTP method.
        path : str
            Below the server's `API`, for example ``mlflow/runs/get``.
        query : mapping, optional
            A list is sent as one parameter per item; None is left out.
        body : dict, optional
            Sent as JSON, without the fields that are None or an empty list.
        idempotent : bool
            Whether the request may reach the server twice. Only then is it repeated after a lost
            connection or a reply that says "not now".

        Raises
        ------
        Unavailable
            The server cannot be reached, or could not answer in any of the tries.
        MlflowException
            Of the class that the server's error code stands for.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        response = self._send(
            method,
            path,
            idempotent,
            params=query,
            data=None if body is None else encoding.dumps(encoding.without_absent(body)),
            headers=headers,
        )
        return self._reply(response, path)

    def download(self, path: str) -> BinaryIO:
        """Open the bytes at a path for reading; they arrive as they are read.

        Raises
        ------
        NotFound
            Nothing is there.
        Unavailable
            As `call`; also from reading, when the connection breaks half way.
        """
        # Bytes as stored: a compressed transfer would hide how many are due.
        response = self._send(
            "GET", path, True, stream=True, allow_redirects=True, headers={"Accept-Encoding": "identity"}
        )
        return io.BufferedReader(_ResponseBody(response, self.address), DOWNLOAD_BUFFER_BYTES)

    def upload(self, path: str, content: BinaryIO) -> None:
        """Put bytes at a path, read from `content` as they are sent.

        A broken upload is repeated when `content` can be rewound.
        """
        if not content.seekable():
            self._send("PUT", path, False, data=content)
            return
        start = content.tell()
        size = content.seek(0, io.SEEK_END) - start
        # requests sends an empty stream in chunks, which some proxies refuse.
        body = content if size else b""
        self._send("PUT", path, True, rewind=lambda: content.seek(start), data=body)

    def _send(
        self,
        method: str,
        path: str,
        idempotent: bool,
        *,
        rewind: Callable[[], object] = lambda: None,
        **request: Any,
    ) -> requests.Response:
        retries = config.HTTP_MAX_RETRIES.get() if idempotent else 0
        for attempt in range(retries + 1):
            rewind()
            is_last = attempt == retries
            wait_s = BACKOFF_S * 2**attempt
            try:
                response = self._request(method, path, **request)
            except Unavailable:
                if is_last:
                    raise
            else:
                if response.is_redirect:
                    raise self._moved(response)
                if response.ok:
                    return response
                if is_last or response.status_code not in PASSING_STATUS:
                    raise self._error(response, path)
                wait_s = max(wait_s, _retry_after_s(response))
                response.close()
            self._sleep(min(wait_s, LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _request(self, method: str, path: str, **request: Any) -> requests.Response:
        timeout_s = config.HTTP_TIMEOUT_S.get()
        # Followed, a redirected POST would become a GET.
        request.setdefault("allow_redirects", False)
        try:
            return self._session().request(
                method,
                f"{self._base}{API}/{path}",
                auth=_credentials(),
                verify=_server_check(),
                cert=config.CLIENT_CERT_PATH.get(),
                timeout=(min(CONNECT_TIMEOUT_S, timeout_s), timeout_s),
                **request,
            )
        except requests.exceptions.SSLError as error:
            raise MlflowException(
                f"The TLS connection to {self.address} failed: {_reason(error)}. Certificates of a private "
                f"authority are given in {config.SERVER_CERT_PATH.name}."
            ) from error
        except requests.exceptions.ReadTimeout as error:
            raise Unavailable(
                f"The server at {self.address} did not answer within {timeout_s} s "
                f"({config.HTTP_TIMEOUT_S.name})."
            ) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            raise Unavailable(
                f"The server at {self.address} cannot be reached: {_reason(error)}. "
                "Check that it runs and that the tracking URI is right."
            ) from error
        except requests.exceptions.RequestException as error:
            raise InvalidInput(f"{self.address!r} is no address of a server: {error}") from error

    def _session(self) -> requests.Session:
        # A connection belongs to one thread of one process: after a fork both would read from it.
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None or self._local.process != os.getpid():
            session = requests.Session()
            session.headers["User-Agent"] = "crateflow"
            self._local.session, self._local.process = session, os.getpid()
        return session

    def _reply(self, response: requests.Response, path: str) -> JsonObject:
        try:
            reply = encoding.loads(response.content) if response.content else {}
        except InvalidInput:
            reply = None
        if not isinstance(reply, dict):
            raise MlflowException(
                f"{self.address} answered {path} with something other than a JSON object; "
                "is it a tracking server?"
            )
        return _Reply(reply, f"{self.address} answered {path}")

    def _moved(self, response: requests.Response) -> MlflowException:
        with response:
            target = response.headers["Location"]
        return MlflowException(
            f"{self.address} redirects to {target}; set the tracking URI to where the server is now."
        )

    def _error(self, response: requests.Response, path: str) -> MlflowException:
        with response:
            error = errors.from_reply(response.content, response.status_code)
        if error.error_code == errors.ENDPOINT_NOT_FOUND:
            message = f"{self.address} does not know {path}; is it a tracking server, and new enough?"
            return MlflowException(message, error.error_code)
        return error


class _Reply(JsonObject):
    """The fields of a reply; one that is missing is the server's fault, and said so."""

    def __init__(self, fields: JsonObject, origin: str) -> None:
        super().__init__(fields)
        self._origin = origin

    def __missing__(self, name: str) -> Any:
        raise MlflowException(f"{self._origin} without {name!r}; is it a tracking server?")


class _ResponseBody(io.RawIOBase):
    """The bytes of a reply as a file; a reply that ends early is an error, never a short file."""

    def __init__(self, response: requests.Response, address: str) -> None:
        self._response = response
        self._address = address

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._response.raw.read(len(buffer))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(
                f"The download from {self._address} broke off: {_reason(error)}. Try again."
            ) from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._response.close()
        super().close()


class _BearerAuth(AuthBase):
    """A token; an auth object, since requests lets ~/.netrc replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _credentials() -> AuthBase | None:
    user, password, token = config.USERNAME.get(), config.PASSWORD.get(), config.TOKEN.get()
    if user and password:
        # Given as bytes, because requests would encode text as Latin-1.
        return HTTPBasicAuth(user.encode(), password.encode())
    return _BearerAuth(token) if token else None


def _server_check() -> bool | str:
    if config.INSECURE_TLS.get():
        return False
    path = config.SERVER_CERT_PATH.get()
    if path and not Path(path).exists():
        raise InvalidInput(f"{config.SERVER_CERT_PATH.name} names {path!r}, which does not exist.")
    return path or True


def _retry_after_s(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _reason(error: BaseException) -> str:
    """Return the operating system's own words, which the libraries wrap several times."""
    reason: BaseException | None = error
    found = str(error)
    while reason is not None:
        if isinstance(reason, OSError) and reason.strerror:
            found = reason.strerror
        reason = reason.__cause__ or reason.__context__
    return found
