"""HTTP in its plainest form, which is what clients of the REST API send.

A request is read here only if there is one way to read it: HTTP/1.1, its head in one piece, each field once
and its length said, nothing about the connection or a proxy. Whatever is not plain is left to gunicorn. The
two cannot disagree about where a request ends, and this one takes a sixth of the time.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection, Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from io import BytesIO, RawIOBase
from time import monotonic, time
from typing import TYPE_CHECKING, Any, NamedTuple

from gunicorn import SERVER  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

#: What is looked at of a request; one with more is none that is answered in a moment.
MOST_BYTES = 1 << 16
#: What gunicorn takes at most as the first line of a request, here as its whole head and the end of that.
MOST_HEAD_BYTES = 8190
#: To copy a shorter piece of an answer, so that it leaves with the head, takes no time to speak of.
_SHORT_BYTES = 1 << 14
#: How long it may take until a body has come that nobody wants; gunicorn waits as long.
_UNREAD_LIMIT_S = 5.0
# RFC 9110, section 5: names are tokens, less the underscore, which would be a dash in the environment.
_HEAD = re.compile(
    r"(?P<method>[A-Z]{3,20}) (?P<path>/[!$-&(->@-~]*)(?:\?(?P<query>[!\x22$-~]*))? HTTP/1\.1\r\n"
    r"(?P<fields>(?:[!#-'*+.^`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*)"
)
_FIELD = re.compile(r"([^:\r\n]+):[ \t]*([^\r\n]*?)[ \t]*\r\n")
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
#: Fields that change how a request is read or what becomes of its connection.
_NOT_PLAIN = frozenset({"EXPECT", "HTTP2-SETTINGS", "TE", "TRAILER", "TRANSFER-ENCODING", "UPGRADE"})
_BODILESS = ("1", "204", "304")


class PlainRequest(NamedTuple):
    """A request that was read.

    Attributes
    ----------
    environ : dict
        As WSGI has it.
    size_bytes : int
        Of what was read: the whole request, or its head if the body is still to come.
    coming : BodyToCome, optional
        The body that is still to come; the input of `environ` then.
    """

    environ: WSGIEnvironment
    size_bytes: int
    coming: BodyToCome | None = None


class BodyToCome(RawIOBase):
    """The body of a request, taken from its connection as it is read.

    Parameters
    ----------
    connection : socket
        Blocking; the body is what comes next.
    n_bytes : int
        Its length.
    """

    def __init__(self, connection: socket.socket, n_bytes: int) -> None:
        self._connection = connection
        self._missing_bytes = n_bytes

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, or what there is until the end; fewer if the client goes away."""
        size = self._missing_bytes if size is None or size < 0 else min(size, self._missing_bytes)
        pieces = []
        # In one piece, and so without a copy, unless a signal comes in between.
        while size and (data := self._connection.recv(size, socket.MSG_WAITALL)):
            pieces.append(data)
            size -= len(data)
            self._missing_bytes -= len(data)
        return b"".join(pieces)

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer, and return with how many bytes; fewer at the end, or if the client goes away."""
        room = memoryview(buffer)[: self._missing_bytes]
        filled = 0
        while size := len(room) - filled:
            received = self._connection.recv_into(room[filled:], size, socket.MSG_WAITALL)
            if not received:
                break
            filled += received
        self._missing_bytes -= filled
        return filled

    def leave_out(self) -> bool:
        """Pass over what nobody has read, and return whether all of it came soon enough."""
        deadline = monotonic() + _UNREAD_LIMIT_S
        try:
            while self._missing_bytes and (time_left := deadline - monotonic()) > 0:
                self._connection.settimeout(time_left)
                data = self._connection.recv(min(self._missing_bytes, MOST_BYTES))
                if not data:
                    break
                self._missing_bytes -= len(data)
        except OSError:
            return False
        finally:
            self._connection.settimeout(None)
        return not self._missing_bytes


class PlainHttp:
    """Reads plain requests for some paths, and answers them.

    Parameters
    ----------
    application : WSGI callable
    paths : collection of str
        Without anything that has to be decoded.
    other_fields : collection of str
        Further fields that make a request one that is not plain, in upper case.
    server : tuple of str and int
        Address that is listened at.
    environ : dict
        What every environment begins with.
    """

    def __init__(
        self,
        application: WSGIApplication,
        paths: Collection[str],
        other_fields: Collection[str],
        server: tuple[str, int],
        environ: WSGIEnvironment,
    ) -> None:
        self._application = application
        self._paths = paths
        self._not_plain = _NOT_PLAIN.union(other_fields)
        self._environ: WSGIEnvironment = {
            **environ,
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
            "wsgi.url_scheme": "http",
            "wsgi.input_terminated": True,
            "wsgi.multithread": True,
        }
        self._variable = lru_cache(maxsize=256)(self._variable_of)

    def read(
        self, seen: bytes, client: tuple[str, int], connection: socket.socket | None = None
    ) -> PlainRequest | None:
        """Return the request that a connection's next bytes are; None unless it is plain.

        Parameters
        ----------
        seen : bytes
            What was looked at, and has not been taken from the connection.
        client : tuple of str and int
        connection : socket, optional
            Where the body may still be to come, for whom it can wait; without it, the whole request must be
            there.
        """
        end = seen.find(b"\r\n\r\n", 0, MOST_HEAD_BYTES)
        head = _HEAD.fullmatch(seen[: end + 2].decode("latin-1"))
        if head is None or head["path"] not in self._paths:
            return None
        environ = {
            **self._environ,
            "REQUEST_METHOD": head["method"],
            "PATH_INFO": head["path"],
            "QUERY_STRING": head["query"] or "",
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
        }
        for name, value in _FIELD.findall(head["fields"]):
            variable = self._variable(name)
            if variable is None or variable in environ:
                return None
            environ[variable] = value
        length = environ.get("CONTENT_LENGTH", "0")
        kept = environ.get("HTTP_CONNECTION", "keep-alive").lower() == "keep-alive"
        if not kept or not _LENGTH.fullmatch(length):
            return None
        size_bytes = end + 4 + int(length)
        if size_bytes <= len(seen):
            environ["wsgi.input"] = BytesIO(seen[end + 4 : size_bytes])
            return PlainRequest(environ, size_bytes)
        if connection is None:
            return None
        environ["wsgi.input"] = coming = BodyToCome(connection, int(length))
        return PlainRequest(environ, end + 4, coming)

    def answer(self, request: PlainRequest, connection: socket.socket, keep: bool) -> None:
        """Answer a request, and say whether the connection is kept."""
        reply = _Reply(connection, request.environ["REQUEST_METHOD"], keep)
        body = self._application(request.environ, reply.start)
        try:
            reply.send(body)
        finally:
            if hasattr(body, "close"):
                body.close()

    def _variable_of(self, name: str) -> str | None:
        """Return the variable of the environment that a field becomes; None for one that is not plain."""
        name = name.upper()
        if name in self._not_plain:
            return None
        variable = name.replace("-", "_")
        return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


class _Reply:
    """A reply on its way."""

    def __init__(self, connection: socket.socket, method: str, keep: bool) -> None:
        self._connection = connection
        self._method = method
        self._keep = keep
        self._head = b""
        self._is_bodiless = self._is_chunked = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take the status and the headers, as WSGI has it."""
        self._is_bodiless = self._method == "HEAD" or status.startswith(_BODILESS)
        lines = [f"HTTP/1.1 {status}", f"Server: {SERVER}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if not self._is_bodiless and not any(name.lower() == "content-length" for name, _ in headers):
            self._is_chunked = True
            lines.append("Transfer-Encoding: chunked")
        lines += [f"Date: {_date(int(time()))}", f"Connection: {'keep-alive' if self._keep else 'close'}"]
        text = "\r\n".join(lines)
        if max(text.count("\r"), text.count("\n")) >= len(lines):
            raise ValueError("a header of a reply has more than one line")
        self._head = f"{text}\r\n\r\n".encode("latin-1")
        return self._send_piece

    def send(self, body: Iterable[bytes]) -> None:
        """Send all there is; what comes in one piece, together with the head."""
        for piece in body:
            self._send_piece(piece)
        ending = b"0\r\n\r\n" if self._is_chunked else b""
        if self._head or ending:
            self._connection.sendall(self._head + ending)

    def _send_piece(self, piece: bytes) -> None:
        if not piece or self._is_bodiless:
            return
        if self._is_chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        if len(piece) <= _SHORT_BYTES:
            self._connection.sendall(self._head + piece)
        else:
            _send_all(self._connection, (self._head, piece))
        self._head = b""


def _send_all(connection: socket.socket, parts: Sequence[bytes]) -> None:
    """Send some parts, which leave together as far as the connection takes them at once."""
    sent = connection.sendmsg(parts)
    for part in parts:
        if sent < len(part):
            connection.sendall(memoryview(part)[sent:])
        sent = max(0, sent - len(part))


@lru_cache(maxsize=2)
def _date(now_s: int) -> str:
    return formatdate(now_s, usegmt=True)
