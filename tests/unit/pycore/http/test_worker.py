"""What a kept connection may rely on, with workers of two threads."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from processes import Server, server
from waiting import LIMIT_S

#: Answered in turn, and by a thread of the pool.
PATHS = ["/api/2.0/mlflow/experiments/get?experiment_id=0", "/version"]


@contextmanager
def served(folder: Path, gunicorn_options: str) -> Iterator[Server]:
    arguments = ["server", "--port", "0", "--workers", "1", "--gunicorn-opts", gunicorn_options]
    arguments += ["--backend-store-uri", f"sqlite:///{folder / 'tracking.db'}", "--no-serve-artifacts"]
    with server(arguments, folder / "server.log") as running:
        yield running


@pytest.fixture(scope="module", params=["--threads 2", "--threads 2 --max-requests 1000000"])
def two_threads(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server whose worker gives turns, and one whose threads stay with their connections."""
    with served(tmp_path_factory.mktemp("worker"), request.param) as running:
        yield running


def port_of(running: Server) -> int:
    return int(running.url.rsplit(":", 1)[1])


def status_of_reply(connection: socket.socket) -> int:
    """Read one whole reply."""
    with closing(http.client.HTTPResponse(connection)) as reply:
        reply.begin()
        reply.read()
        return reply.status


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("clients", [1, 2, 3, 8])
def test_all_kept_connections_get_their_turns(two_threads, clients, path):
    with ExitStack() as stack:
        connections = [
            stack.enter_context(
                closing(http.client.HTTPConnection("127.0.0.1", port_of(two_threads), timeout=LIMIT_S))
            )
            for _ in range(clients)
        ]
        for _ in range(5):
            for connection in connections:
                connection.request("GET", path)
            for connection in connections:
                reply = connection.getresponse()
                assert reply.status == 200
                assert reply.read()


@pytest.mark.parametrize("path", PATHS)
def test_requests_sent_together_are_answered_in_turn(two_threads, path):
    request = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()
    last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection:
        connection.sendall(request * 3 + last)
        received = b""
        while more := connection.recv(65536):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 4
    assert received.endswith(b"OK")


@pytest.mark.parametrize(("path", "ending"), [("/health", b"\r\n\r\nOK"), (PATHS[0], b"}}")])
def test_an_answer_comes_in_one_piece(two_threads, path, ending):
    with socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection:
        in_one_piece = 0
        for _ in range(20):
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
            received = connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200 OK\r\n")
            in_one_piece += received.endswith(ending)
            while not received.endswith(ending):
                received += (more := connection.recv(65536))
                assert more
    # The system keeps nothing back for longer than 0.2 s, which may be over before a busy machine goes on.
    assert in_one_piece > 10


def test_a_client_that_waits_for_leave_to_send_gets_it(two_threads):
    body = b'{"experiment_id": "0"}'
    head = (
        b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection:
        for _ in range(2):
            connection.sendall(head)
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert status_of_reply(connection) == 200


@pytest.mark.parametrize("first", [5, 100, 140])
def test_a_request_may_come_in_pieces(two_threads, first):
    body = b'{"experiment_id": "0"}'
    head = (
        b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    text = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with (
        socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection,
        closing(http.client.HTTPConnection("127.0.0.1", port_of(two_threads), timeout=LIMIT_S)) as other,
    ):
        for _ in range(2):
            connection.sendall(text[:first])
            # By the time others are answered, the first piece has been seen.
            for _ in range(3):
                other.request("GET", PATHS[0])
                assert other.getresponse().read()
            connection.sendall(text[first:])
            assert status_of_reply(connection) == 200


def test_an_unread_request_that_is_refused_ends_its_connection_alone(two_threads):
    with (
        socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection,
        closing(http.client.HTTPConnection("127.0.0.1", port_of(two_threads), timeout=LIMIT_S)) as other,
    ):
        for _ in range(2):
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % PATHS[0].encode())
            assert status_of_reply(connection) == 200
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" % PATHS[0].encode())
        received = b""
        while more := connection.recv(65536):
            received += more
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        other.request("GET", PATHS[0])
        assert other.getresponse().status == 200


def test_a_server_that_stops_closes_kept_connections(tmp_path):
    with served(tmp_path, "--threads 2") as running, socket.socket() as connection:
        connection.settimeout(LIMIT_S)
        connection.connect(("127.0.0.1", port_of(running)))
        for _ in range(3):
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % PATHS[0].encode())
            assert status_of_reply(connection) == 200
        running.process.terminate()
        assert connection.recv(65536) == b""
        assert running.process.wait(LIMIT_S) == 0
