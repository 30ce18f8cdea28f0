"""Real servers for tests: started as a user would, on a free port, ended whatever happens."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waiting import LIMIT_S

#: The command as installed beside the interpreter that runs the tests.
CRATEFLOW = str(Path(sys.executable).parent / "crateflow")

#: What a server is to wait for on a busy machine: the start of a model, and its answer.
PATIENT = {
    "CRATEFLOW_GATEWAY_START_S": str(LIMIT_S),
    "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": str(LIMIT_S),
}


@dataclass(frozen=True)
class Server:
    """A running server process and the address it printed."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def server(
    arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run ``crateflow <arguments>`` until the block ends.

    Parameters
    ----------
    arguments : sequence of str
        They should include ``--port 0``.
    log : Path
        Where the server's output goes.
    environment : mapping, optional
        Added to the tests' own.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [CRATEFLOW, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**PATIENT, **os.environ, **(environment or {})},
        )
    try:
        yield Server(_address(process, log), process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return what a server has printed, waiting as long as it lives: a busy machine may take its time."""
    ended = False
    while True:
        if found := re.search(r"^Listening at (\S+)\n", log.read_text(), re.MULTILINE):
            return found[1]
        if ended:
            raise AssertionError(f"no server: {log.read_text()}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            ended = True


@contextlib.contextmanager
def tracking_server(folder: Path) -> Iterator[Server]:
    """Run a tracking server on SQLite and local files in a folder."""
    arguments = ["server", "--port", "0", "--backend-store-uri", f"sqlite:///{folder / 'tracking.db'}"]
    arguments += ["--artifacts-destination", str(folder / "artifacts")]
    with server(arguments, folder / "server.log") as running:
        yield running


@contextlib.contextmanager
def scoring_server(
    model_uri: str, folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Serve a model."""
    arguments = ["models", "serve", "--model-uri", model_uri, "--port", "0", *options]
    with server(arguments, folder / "scoring.log", environment) as running:
        yield running
