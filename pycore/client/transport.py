"""Requests to one server: what is sent, when it is sent again, and what a reply means."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import urlencode

from urllib3 import exceptions as http_errors

from pycore import config
from pycore.client.connections import BLOCK_BYTES, Connections, Response
from pycore.errors import InvalidInput, MlflowException, Unauthenticated, Unavailable
from pycore.wire import encoding, errors
from pycore.wire.encoding import JsonObject

API = "/api/2.0"
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
_HEADERS = {"User-Agent": "crateflow", "Accept-Encoding": "gzip, deflate"}
_JSON_HEADERS = {**_HEADERS, "Content-Type": "application/json"}
# Bytes as stored: a compressed transfer would hide how many are due.
_DOWNLOAD_HEADERS = {**_HEADERS, "Accept-Encoding": "identity"}


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
        self._connections = Connections(server_uri.rstrip("/"))
        self._sleep = sleep
        self.address = self._connections.address

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
        response = self._send(
            method,
            f"{path}?{_encoded(query)}" if query else path,
            idempotent,
            headers=_HEADERS if body is None else _JSON_HEADERS,
            body=None if body is None else encoding.dumps(encoding.without_absent(body)),
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
        response = self._send("GET", path, True, headers=_DOWNLOAD_HEADERS, stream=True, follow=True)
        return io.BufferedReader(_ResponseBody(response, self.address), BLOCK_BYTES)

    def upload(self, path: str, content: BinaryIO) -> None:
        """Put bytes at a path, read from `content` as they are sent.

        A broken upload is repeated when `content` can be rewound.
        """
        if not content.seekable():
            self._send("PUT", path, False, headers=_HEADERS, body=content)
            return
        start = content.tell()
        # Without its length a stream is sent in chunks, which some proxies refuse.
        headers = {**_HEADERS, "Content-Length": str(content.seek(0, io.SEEK_END) - start)}
        self._send("PUT", path, True, rewind=lambda: content.seek(start), headers=headers, body=content)

    def _send(
        self,
        method: str,
        path: str,
        idempotent: bool,
        *,
        rewind: Callable[[], object] = lambda: None,
        **request: Any,
    ) -> Response:
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
                if location := response.get_redirect_location():
                    raise self._moved(response, location)
                if response.status < HTTPStatus.BAD_REQUEST:
                    return response
                if is_last or response.status not in PASSING_STATUS:
                    raise self._error(response, path)
                wait_s = max(wait_s, _retry_after_s(response))
                response.close()
            self._sleep(min(wait_s, LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _request(self, method: str, path: str, **request: Any) -> Response:
        try:
            return self._connections.send(method, f"{API}/{path}", **request)
        except http_errors.HTTPError as error:
            raise self._no_reply(error) from error

    def _no_reply(self, error: http_errors.HTTPError) -> MlflowException:
        cause = error.reason if isinstance(error, http_errors.MaxRetryError) else error
        if isinstance(cause, http_errors.SSLError):
            return MlflowException(
                f"The TLS connection to {self.address} failed: {_reason(error)}. Certificates of a private "
                f"authority are given in {config.SERVER_CERT_PATH.name}."
            )
        if isinstance(cause, http_errors.ReadTimeoutError):
            return Unavailable(
                f"The server at {self.address} did not answer within {config.HTTP_TIMEOUT_S.get()} s "
                f"({config.HTTP_TIMEOUT_S.name})."
            )
        if isinstance(cause, http_errors.LocationValueError):
            return InvalidInput(f"{self.address!r} is no address of a server: {error}")
        return Unavailable(
            f"The server at {self.address} cannot be reached: {_reason(error)}. "
            "Check that it runs and that the tracking URI is right."
        )

    def _reply(self, response: Response, path: str) -> JsonObject:
        try:
            reply = encoding.loads(response.data) if response.data else {}
        except InvalidInput:
            reply = None
        if not isinstance(reply, dict):
            raise MlflowException(
                f"{self.address} answered {path} with something other than a JSON object; "
                "is it a tracking server?"
            )
        return _Reply(reply, f"{self.address} answered {path}")

    def _moved(self, response: Response, location: str) -> MlflowException:
        response.close()
        return MlflowException(
            f"{self.address} redirects to {location}; set the tracking URI to where the server is now."
        )

    def _error(self, response: Response, path: str) -> MlflowException:
        error = errors.from_reply(response.data, response.status)
        if isinstance(error, Unauthenticated):
            message = (
                f"{error.message.rstrip('.')}. Check {config.USERNAME.name} and {config.PASSWORD.name}, or "
                f"{config.TOKEN.name}: they may be missing, wrong or expired."
            )
            return Unauthenticated(message)
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

    def __init__(self, response: Response, address: str) -> None:
        self._response = response
        self._address = address

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._response.read(len(buffer), decode_content=False)
        except (http_errors.HTTPError, OSError) as error:
            raise Unavailable(
                f"The download from {self._address} broke off: {_reason(error)}. Try again."
            ) from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._response.close()
        super().close()


def _encoded(query: Mapping[str, object]) -> str:
    return urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)


def _retry_after_s(response: Response) -> float:
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
