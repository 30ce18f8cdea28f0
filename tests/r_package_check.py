"""Check the R package as CRAN does, its tests included: ``python tests/r_package_check.py``.

Examples and vignettes run against tracking servers. Anything but "Status: OK" is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from live_server import live_server

ROOT = Path(__file__).parents[1]

#: What a check asks of its machine: no network (repositories, links, the time) and no haste, but all tests,
#: and what they say in full. A package that this one only extends need not be there.
ENVIRONMENT = {
    "NOT_CRAN": "true",
    "CRATEFLOW_REPOSITORY": str(ROOT),
    "_R_CHECK_CRAN_INCOMING_REMOTE_": "false",
    "_R_CHECK_SYSTEM_CLOCK_": "false",
    "_R_CHECK_PACKAGE_DEPENDS_IGNORE_MISSING_ENHANCES_": "true",
    "_R_CHECK_TESTS_NLINES_": "0",
    "_R_CHECK_EXAMPLE_TIMING_THRESHOLD_": "3600",
    # Where it would wait for repositories that are out of reach.
    "R_CRAN_SRC": "file:///none",
    "R_CRAN_WEB": "file:///none",
}


def main() -> int:
    """Return the exit status: 0 where R had nothing to say."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        # The vignettes are built here, once; where they fail, so does this.
        if _run_with_server(folder, "build", str(ROOT / "r-package")):
            return 1
        package = next(folder.glob("*.tar.gz"))
        _run_with_server(folder, "check", "--as-cran", "--no-manual", "--no-vignettes", package.name)
        return 0 if "Status: OK" in (folder / "crateflow.Rcheck" / "00check.log").read_text() else 1


def _run_with_server(folder: Path, *arguments: str) -> int:
    # A server of its own: vignettes and examples use the same names.
    with TemporaryDirectory() as store, live_server(Path(store)) as url:
        environment = {**os.environ, **ENVIRONMENT, "MLFLOW_TRACKING_URI": url}
        return subprocess.run(["R", "CMD", *arguments], cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
