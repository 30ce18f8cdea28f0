"""The tracking server of MLflow 3, for tests of what speaks to it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from official_clients import official_python
from waiting import until

VERSION = "3.17.2"
#: What its server imports beyond what its small package brings, with users too.
SERVER_NEEDS = [
    "aiohttp", "alembic", "cryptography", "flask", "flask-cors", "flask-wtf", "graphene", "huey", "pandas",
    "sqlalchemy",
]  # fmt: skip
_LISTENING = re.compile(r"Uvicorn running on (http://\S+)")


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Serve a new database and new artifacts in a folder; yield the address."""
    command = official_python(VERSION, SERVER_NEEDS).parent / "mlflow"
    arguments = ["server", "--port", "0", "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/m.db"]
    arguments += ["--artifacts-destination", str(folder / "artifacts")]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command, *arguments], stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield until(lambda: _address(process, log))
    finally:
        # Its workers are processes of their own, of one group; nothing they have is wanted any more.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str | None:
    """Return where the server says it listens; None as long as it says nothing."""
    # Asked before the log is read, which then is all that a dead server will ever say.
    ended = process.poll() is not None
    text = log.read_text()
    assert not ended, text
    found = _LISTENING.search(text)
    return None if found is None else found[1]
