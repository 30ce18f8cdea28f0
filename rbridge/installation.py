"""The R that is installed: where it is, and which version."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from pycore import config
from pycore.errors import RUnavailable

#: A hung `R RHOME` must not hang the caller.
_R_TIMEOUT_S = 30


def find_home() -> Path:
    """Return R's home folder: what R_HOME says, else what the `R` on the path says.

    Raises
    ------
    RUnavailable
        There is none.
    """
    told = config.R_HOME.get()
    if told is None:
        command = shutil.which("R")
        if command is None:
            raise RUnavailable(
                "R was not found: no command 'R' is on the PATH, and R_HOME is not set. "
                "Install it (apt-get install r-base-core), or set R_HOME to its folder."
            )
        try:
            found = subprocess.run(  # noqa: S603 - the user's own R
                [command, "RHOME"], capture_output=True, text=True, timeout=_R_TIMEOUT_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RUnavailable(
                f"R was not found: '{command} RHOME' failed ({error}). Install R (apt-get install "
                "r-base-core), or set R_HOME to its folder."
            ) from error
        # R may print a warning about its environment first.
        told = found.stdout.strip().splitlines()[-1]
    home = Path(told)
    if not (home / "bin" / "R").is_file():
        raise RUnavailable(
            f"R was not found: R_HOME is {told!r}, which holds no R. Set it to the folder that 'R RHOME' "
            "prints, or unset it; without R, apt-get install r-base-core."
        )
    return home


def version_of(home: Path) -> str:
    """Return the version of an R, from the description of its base package."""
    text = (home / "library" / "base" / "DESCRIPTION").read_text(encoding="utf-8")
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)
    return found[1] if found else "unknown"
