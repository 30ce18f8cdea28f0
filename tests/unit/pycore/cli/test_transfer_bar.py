import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from live_server import live_server
from tracked import Tracked
from waiting import LIMIT_S

from pycore.tracking import MlflowClient

# The verb as it is, but for its patience.
PROGRAM = "import sys, pycore.cli.transfer_bar as bar; bar.DELAY_S = float(sys.argv[1])\n" + (
    "from pycore.cli.main import main; main(sys.argv[2:])"
)


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "crate.bin").write_bytes(b"x" * 5_000_000)
    return tmp_path / "model"


def on_a_terminal(uri: str, delay_s: float, *arguments: object) -> tuple[str, str]:
    """Run crateflow with a terminal for stderr, and return its output and what the terminal shows."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(delay_s), *map(str, arguments)],
            env={**os.environ, "MLFLOW_TRACKING_URI": uri, "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=LIMIT_S,
            check=True,
        )
        os.write(theirs, b"\0")
        shown = b""
        while not shown.endswith(b"\0"):
            shown += os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    return done.stdout.decode(), shown.decode()


def test_a_terminal_sees_how_far_it_is(folder: Path, tmp_path: Path) -> None:
    with live_server(tmp_path) as uri:
        run_id = MlflowClient(uri).create_run("0").info.run_id
        _, up = on_a_terminal(uri, 0, "artifacts", "log-artifacts", "-l", folder, "-r", run_id)
        printed, down = on_a_terminal(uri, 0, "artifacts", "download", "-r", run_id, "-d", tmp_path / "down")

    assert "Uploading  [" in up
    assert "100%" in up
    assert "Downloading  [" in down
    assert "100%" in down
    assert printed == f"{tmp_path}/down\n"
    assert (tmp_path / "down" / "crate.bin").stat().st_size == 5_000_000


def test_a_quick_transfer_shows_nothing(tracked: Tracked, folder: Path, tmp_path: Path) -> None:
    run_id = tracked.client.create_run("0").info.run_id
    _, shown = on_a_terminal(tracked.uri, 60, "artifacts", "log-artifact", "-l", folder, "-r", run_id)
    assert shown.startswith("Logged artifact from local file")


def test_a_pipe_gets_no_bar(tracked: Tracked, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycore.cli.transfer_bar.DELAY_S", 0)
    run_id = tracked.client.create_run("0").info.run_id
    result = tracked.run("artifacts", "log-artifact", "-l", folder, "-r", run_id)
    assert result.stderr.startswith("Logged artifact from local file")
