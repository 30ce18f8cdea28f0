from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from waiting import LIMIT_S

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


#: Workers that are told to stop when they have no handlers of their own yet.
LATE = """
import os, signal, time
from pycore.http.worker import TurnsWorker

class LateWorker(TurnsWorker):
    def init_signals(self):
        os.kill(os.getppid(), signal.SIGTERM)
        while signal.SIGTERM not in signal.sigpending():
            time.sleep(0.001)
        super().init_signals()
"""
SERVE = """
import sys
from pycore.http.launch import listen, serve
serve(None, listen("127.0.0.1", 0), 2, 2, sys.argv[1], brief=["/"])
"""


def serve_in_a_process(*options: str, folder: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([folder, *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-c", SERVE, " ".join(options)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def test_workers_that_are_starting_are_stopped_with_the_others(tmp_path):
    (tmp_path / "late.py").write_text(LATE)
    # Far more than the time limit of the test.
    done = serve_in_a_process(
        "--worker-class late.LateWorker --graceful-timeout 100000", folder=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr


def test_gunicorn_says_why_it_does_not_start(tmp_path):
    done = serve_in_a_process("--worker-class none.Such", folder=str(tmp_path))
    assert done.returncode == 1
    assert "gunicorn does not start: class uri 'none.Such' invalid" in done.stderr
