"""Official MLflow clients for tests, each in an environment of its own that is made once and kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from waiting import LIMIT_S

#: The newest of either generation that the tests know.
SKINNY_VERSIONS = ("2.22.5", "3.17.2")

_KEPT = Path(__file__).parents[1] / ".make"
_INSTALL_LIMIT_S = 900


def official_python(version: str, extras: Sequence[str] = ()) -> Path:
    """Return the interpreter of an environment that holds ``mlflow-skinny`` of a version.

    Parameters
    ----------
    extras : sequence of str
        Further requirements, which give the environment another folder.
    """
    name = "-".join([version, *sorted(extras)])
    folder = _KEPT / f"official-{name}"
    _KEPT.mkdir(exist_ok=True)
    with (_KEPT / f"official-{name}.lock").open("w") as lock:
        # Several test processes may want the same one.
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Present only when all of the installation went well.
        stamp = folder / "complete"
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", folder], _INSTALL_LIMIT_S)
            wanted = [f"mlflow-skinny=={version}", *extras]
            _run([folder / "bin/python", "-m", "pip", "install", "--quiet", *wanted], _INSTALL_LIMIT_S)
            stamp.touch()
    return folder / "bin/python"


def run_official(python: Path, script: Path, *arguments: str, **environment: str) -> str:
    """Run a script with an official client and return what it prints."""
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    return _run([python, script, *arguments], LIMIT_S, {**quiet, **environment})


def _run(command: Sequence[str | Path], limit_s: int, environment: dict[str, str] | None = None) -> str:
    # The tests' own paths must not reach into another environment.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=limit_s,
        env={**clean, **(environment or {})},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
