"""What a kept connection may rely on, with a worker of two threads."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from processes import Server, server
from waiting import LIMIT_S


@pytest.fixture(scope="module")
def two_threads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("worker")
    arguments = ["server", "--port", "0", "--workers", "1", "--gunicorn-opts", "--threads 2"]
    arguments += ["--backend-store-uri", f"sqlite:///{folder / 'tracking.db'}", "--no-serve-artifacts"]
    with server(arguments, folder / "server.log") as running:
        yield running


def port_of(running: Server) -> int:
    return int(running.url.rsplit(":", 1)[1])


@pytest.mark.parametrize("clients", [1, 2, 3, 8])
def test_all_kept_connections_get_their_turns(two_threads, clients):
    with ExitStack() as stack:
        connections = [
            stack.enter_context(
                closing(http.client.HTTPConnection("127.0.0.1", port_of(two_threads), timeout=LIMIT_S))
            )
            for _ in range(clients)
        ]
        for _ in range(5):
            for connection in connections:
                connection.request("GET", "/health")
            for connection in connections:
                reply = connection.getresponse()
                assert (reply.status, reply.read()) == (200, b"OK")


def test_requests_sent_together_are_answered_in_turn(two_threads):
    request = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection:
        connection.sendall(request * 3 + last)
        received = b""
        while more := connection.recv(65536):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 4
    assert received.endswith(b"OK")


def test_an_answer_comes_in_one_piece(two_threads):
    with socket.create_connection(("127.0.0.1", port_of(two_threads)), LIMIT_S) as connection:
        for _ in range(20):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200 OK\r\n")
            assert received.endswith(b"\r\n\r\nOK")


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
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
