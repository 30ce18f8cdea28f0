"""R scripts for tests: run as a user would, in a fresh R."""

from __future__ import annotations

import subprocess
from pathlib import Path

from waiting import LIMIT_S


def rscript(script: Path | str, *arguments: Path | str) -> str:
    """Run an R script and return what it prints."""
    command = ["Rscript", "--vanilla", str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    return done.stdout
