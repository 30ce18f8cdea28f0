"""The tracking server of MLflow 3, for tests of what speaks to it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import requests
from official_clients import official_python
from waiting import until

VERSION = "3.17.2"
#: What its server imports beyond what its small package brings.
SERVER_NEEDS = [
    "aiohttp", "alembic", "cryptography", "flask", "flask-cors", "graphene", "huey", "pandas", "sqlalchemy"
]  # fmt: skip


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Serve a new database and new artifacts in a folder; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = official_python(VERSION, SERVER_NEEDS).parent / "mlflow"
    arguments = [
        "server",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{folder}/m.db",
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments, "--artifacts-destination", folder / "artifacts"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: _answers(url))
        yield url
    finally:
        # Its workers are processes of their own.
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False
