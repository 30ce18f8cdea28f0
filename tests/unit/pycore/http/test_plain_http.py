"""Which requests are plain, that gunicorn reads the same in them, and how they are answered."""

from __future__ import annotations

import fcntl
import signal
import socket
import termios
import threading
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from gunicorn.config import Config
from gunicorn.http import RequestParser, wsgi
from hypothesis import example, given
from hypothesis import strategies as st
from waiting import LIMIT_S, until

from pycore.http import plain_http
from pycore.http.plain_http import BodyToCome, PlainHttp, PlainRequest

PATH = "/api/2.0/mlflow/runs/get"
CLIENT = ("127.0.0.1", 40000)
SERVER = ("127.0.0.1", 5000)


def plain(application=None):
    config = Config()
    environ = wsgi.base_environ(config)
    return PlainHttp(application, frozenset({PATH}), config.secure_scheme_headers, SERVER, environ)


def request(*fields: str, method: str = "GET", target: str = PATH, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", *fields, "\r\n"]).encode("latin-1") + body


def test_a_plain_request_is_read():
    seen = request(
        "Host: h:1", "content-type:application/json ", "X-A: b c", "Content-Length: 2", body=b"{}GET /"
    )
    environ, size_bytes, coming = plain().read(seen, CLIENT)
    assert coming is None
    assert size_bytes == len(seen) - len("GET /")
    assert environ["wsgi.input"].read() == b"{}"
    wanted = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "HTTP_HOST": "h:1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "HTTP_X_A": "b c",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000",
        "SERVER_PORT": "5000",
    }
    assert wanted.items() <= environ.items()


def test_a_query_and_a_kept_connection_are_plain():
    seen = request("Connection: Keep-Alive", target=f"{PATH}?run_id=a%20b&c")
    environ = plain().read(seen, CLIENT).environ
    assert environ["QUERY_STRING"] == "run_id=a%20b&c"
    assert environ["PATH_INFO"] == PATH


@pytest.mark.parametrize(
    "seen",
    [
        b"",
        b"GET",
        request("Host: h")[:-1],
        request("Content-Length: 3", body=b"{}"),
        request("Content-Length: +2", body=b"{}"),
        request("Content-Length: 2, 2", body=b"{}"),
        request("Content-Length: 2", "Content-Length: 2", body=b"{}"),
        request("Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request("Expect: 100-continue", "Content-Length: 2", body=b"{}"),
        request("Upgrade: h2c"),
        request("Connection: close"),
        request("Connection: keep-alive, TE"),
        request("X-Forwarded-Proto: https"),
        request("Host: a", "Host: b"),
        request("X-A: 1", "X-A: 2"),
        request("X_A: 1"),
        request("X A: 1"),
        request("X-A : 1"),
        request(" X-A: 1"),
        request("X-A: 1", " folded"),
        request("X-A: \x00"),
        request(": 1"),
        request("no field"),
        request(target="/other"),
        request(target=f"http://h{PATH}"),
        request(target=f"{PATH}#part"),
        request(target=PATH.replace("runs", "%72uns")),
        request(method="get"),
        request().replace(b"HTTP/1.1", b"HTTP/1.0"),
        request().replace(b"\r\n", b"\n"),
        request(f"X-A: {'a' * 8190}"),
    ],
)
def test_everything_else_is_not_plain(seen):
    assert plain().read(seen, CLIENT) is None


_NAMES = ["Host", "Content-Length", "Content-Type", "Connection", "X-A", "x-a", "X-Forwarded-Proto", "X_A"]
_NAMES += ["Transfer-Encoding"]
_VALUES = ["1", "2", "h", "keep-alive", "a\tb", "\xff", "", "0", "-1", "chunked", "close", "https", "a\rb"]


def _mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 3 * len(others) + [*others])


_LINES = st.tuples(
    st.sampled_from(_NAMES),
    _mostly(": ", ":", ":  ", " :", ""),
    st.sampled_from(_VALUES),
    _mostly("\r\n", " \r\n", "\n", "\r\n ", "\r"),
).map("".join)
_REQUESTS = st.tuples(
    _mostly("GET ", "POST ", "HEAD ", "get ", "G T ", "GET  "),
    _mostly(PATH, f"{PATH}?a=%41", f"{PATH}?", f"{PATH}#a", f"/{PATH}", f"{PATH}\xe9"),
    _mostly(" HTTP/1.1\r\n", " HTTP/1.0\r\n", "\r\n"),
    st.lists(_LINES, max_size=4).map("".join),
    _mostly("\r\n", "\n", ""),
    st.sampled_from(["", "{}", "1\r\na\r\n0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]),
).map("".join)


@given(_REQUESTS)
@example(request("Host: h", "Content-Length: 2", body=b"{}GET").decode("latin-1"))
def test_gunicorn_reads_the_same_in_what_is_plain(text):
    seen = text.encode("latin-1")
    found = plain().read(seen, CLIENT)
    if found is None:
        return
    parser = RequestParser(Config(), iter([seen]), CLIENT)
    theirs = next(parser)
    _, environ = wsgi.create(theirs, None, CLIENT, SERVER, Config())
    names = {name for name in (*environ, *found.environ) if name.isupper()} - {"RAW_URI"}
    assert {name: found.environ.get(name) for name in names} == {name: environ.get(name) for name in names}
    assert found.environ["wsgi.url_scheme"] == environ["wsgi.url_scheme"]
    assert found.environ["wsgi.input"].read() == theirs.body.read()
    assert seen[found.size_bytes :] == parser.unreader.take_buffered()


def body_to_come(length: int, seen: bytes, more: bytes) -> tuple[PlainRequest, socket.socket]:
    """Return a request of which `seen` of the body was there when it was looked at, and its connection."""
    ours, theirs = socket.socketpair()
    head = request(f"Content-Length: {length}")
    with theirs:
        theirs.sendall(head + seen + more)
    found = plain().read(ours.recv(len(head) + len(seen), socket.MSG_PEEK), CLIENT, ours)
    assert found is not None
    assert ours.recv(found.size_bytes) == head
    return found, ours


@pytest.mark.parametrize("seen", [b"", b"ab"])
def test_a_body_may_be_still_to_come(seen):
    found, connection = body_to_come(5, seen, b"abcdeGET"[len(seen) :])
    with connection:
        body = found.environ["wsgi.input"]
        assert body is found.coming
        assert body.readable()
        assert body.read(2) == b"ab"
        assert body.read() == b"cde"
        assert (body.read(), body.read(1)) == (b"", b"")
        assert found.coming.leave_out()
        assert connection.recv(65536) == b"GET"


def test_a_body_to_come_has_lines_as_others_have():
    found, connection = body_to_come(5, b"", b"a\nbc\nd")
    with connection:
        assert found.environ["wsgi.input"].readlines() == [b"a\n", b"bc\n"]
        assert connection.recv(65536) == b"d"


def test_what_nobody_reads_of_a_body_is_passed_over():
    found, connection = body_to_come(70_000, b"a", b"a" * 69_999 + b"GET")
    with connection:
        assert found.environ["wsgi.input"].read(3) == b"aaa"
        assert found.coming.leave_out()
        assert connection.gettimeout() is None
        assert connection.recv(65536) == b"GET"


def test_a_client_may_go_away_in_the_middle_of_its_body():
    found, connection = body_to_come(5, b"ab", b"c")
    with connection:
        assert found.environ["wsgi.input"].read(5) == b"abc"
        assert not found.coming.leave_out()


def test_a_signal_does_not_cut_a_body_short():
    handled = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: handled.set())
    reader = threading.get_ident()
    ours, theirs = socket.socketpair()

    def is_taken() -> bool:
        n_bytes = array("i", [0])
        fcntl.ioctl(ours, termios.FIONREAD, n_bytes)
        return n_bytes[0] == 0

    def send() -> None:
        theirs.sendall(b"abc")
        until(is_taken)
        signal.pthread_kill(reader, signal.SIGUSR1)
        assert handled.wait(LIMIT_S)
        theirs.sendall(b"de")

    try:
        with ours, theirs, ThreadPoolExecutor(1) as pool:
            sent = pool.submit(send)
            assert BodyToCome(ours, 5).read() == b"abcde"
            sent.result()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_body_fills_a_buffer_and_nothing_that_follows_does():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"abcdeGET")
        body, buffer = BodyToCome(ours, 5), bytearray(b"xxxxxxxx")
        assert body.readinto(memoryview(buffer)[:3]) == 3
        assert body.readinto(memoryview(buffer)[3:]) == 2
        assert body.readinto(buffer) == 0
        assert buffer == b"abcdexxx"
        assert ours.recv(8) == b"GET"


def test_a_buffer_is_filled_in_part_when_the_client_goes_away():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"abc")
        theirs.close()
        buffer = bytearray(5)
        assert BodyToCome(ours, 5).readinto(buffer) == 3
        assert buffer.startswith(b"abc")


def test_a_body_that_does_not_come_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(plain_http, "_UNREAD_LIMIT_S", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not BodyToCome(ours, 5).leave_out()
        assert ours.gettimeout() is None


@contextmanager
def answered(application, *, method: str = "GET", keep: bool = True) -> Iterator[socket.socket]:
    http = plain(application)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(LIMIT_S)
        http.answer(http.read(request(method=method), CLIENT), ours, keep)
        ours.close()
        yield theirs


def received(connection: socket.socket) -> tuple[list[bytes], bytes]:
    text = b""
    while more := connection.recv(65536):
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def whole(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"OK"]


@pytest.mark.parametrize("n_bytes", [10, 1 << 20])
def test_a_reply_arrives_whole_however_little_a_connection_takes(n_bytes):
    content = bytes(range(250)) * (n_bytes // 250 + 1)

    def large(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]

    http = plain(large)
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(received, theirs)
        http.answer(http.read(request(), CLIENT), ours, False)
        ours.close()
        assert reading.result(LIMIT_S)[1] == content


class TakesLittle:
    """A connection that takes so many bytes at once of what is sent together."""

    def __init__(self, n_bytes):
        self._n_bytes = n_bytes
        self.taken = b""

    def sendmsg(self, parts):
        self.taken = b"".join(parts)[: self._n_bytes]
        return len(self.taken)

    def sendall(self, data):
        self.taken += data


@pytest.mark.parametrize("n_bytes", [0, 3, 20_000, 10**6])
def test_what_a_connection_does_not_take_at_once_follows(n_bytes):
    content = bytes(range(250)) * 100

    def large(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]

    http, connection = plain(large), TakesLittle(n_bytes)
    http.answer(http.read(request(), CLIENT), connection, False)
    head, _, body = connection.taken.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == content


def test_a_whole_reply_is_sent_as_it_is():
    with answered(whole) as connection:
        assert connection.recv(65536, socket.MSG_PEEK).endswith(b"\r\n\r\nOK")
        (status, *fields), _ = received(connection)
    assert status == b"HTTP/1.1 200 OK"
    assert {b"Content-Length: 2", b"Content-Type: text/plain", b"Connection: keep-alive"} <= {*fields}
    assert any(field.startswith(b"Date: ") and field.endswith(b" GMT") for field in fields)


def test_the_last_reply_says_so():
    with answered(whole, keep=False) as connection:
        fields, _ = received(connection)
    assert b"Connection: close" in fields


def test_a_reply_without_a_length_comes_in_chunks():
    closed = []

    class Pieces:
        def __iter__(self):
            return iter([b"a" * 17, b"", b"b"])

        def close(self):
            closed.append(True)

    def application(environ, start_response):
        start_response("200 OK", [])
        return Pieces()

    with answered(application) as connection:
        fields, body = received(connection)
    assert b"Transfer-Encoding: chunked" in fields
    assert body == b"11\r\n" + b"a" * 17 + b"\r\n1\r\nb\r\n0\r\n\r\n"
    assert closed == [True]


@pytest.mark.parametrize(
    ("status", "method"), [("200 OK", "HEAD"), ("204 No Content", "GET"), ("304 Not Modified", "GET")]
)
def test_some_replies_have_no_body(status, method):
    def application(environ, start_response):
        start_response(status, [])
        return [b"nobody reads this"]

    with answered(application, method=method) as connection:
        fields, body = received(connection)
    assert fields[0] == f"HTTP/1.1 {status}".encode()
    assert not any(field.lower().startswith(b"transfer-encoding") for field in fields)
    assert body == b""


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\rb", "a\nb"])
def test_a_header_of_two_lines_is_a_bug(value):
    def application(environ, start_response):
        start_response("200 OK", [("X-A", value)])
        return []

    with pytest.raises(ValueError, match="more than one line"), answered(application):
        pass
