from __future__ import annotations

import socket

import pytest

from pycore.errors import InvalidInput, Unavailable
from pycore.http.launch import address_of, listen


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "[::1]")]
)
def test_a_free_port_is_found_and_its_address_told(host, shown):
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://{shown}:{port}"
        with socket.create_connection((host, port)):
            pass


def test_a_port_is_taken_once():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Port {port} of 127.0.0.1 is in use.*--port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "not a host"])
def test_a_host_that_is_not_here(host):
    with pytest.raises(InvalidInput, match=f"Cannot listen on .*'{host}'"):
        listen(host, 0)
