"""``crateflow r``: the R package that comes with this one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click

import pycore
from pycore.errors import MlflowException, NotFound, RUnavailable

# In a wheel, and in the source tree beside the package.
_PLACES = (
    Path(pycore.__file__).parent / "r-package",
    Path(pycore.__file__).parents[1] / "r-package",
)


@click.group("r")
def r() -> None:
    """Manage the R package."""


@r.command("install")
@click.option(
    "--library",
    type=click.Path(file_okay=False, path_type=Path),
    help="Library to install into, made when it is not there.  [default: R's first]",
)
def install(library: Path | None) -> None:
    """Install the R package crateflow that comes with this version."""
    source = next((place for place in _PLACES if (place / "DESCRIPTION").is_file()), None)
    if source is None:
        raise NotFound(f"The R package is not among the files of this installation: looked in {_PLACES[0]}.")
    program = shutil.which("R")
    if program is None:
        raise RUnavailable("R is not in PATH: install it (Debian: apt-get install r-base-core).")
    command = [program, "CMD", "INSTALL"]
    if library is not None:
        library.mkdir(parents=True, exist_ok=True)
        command.append(f"--library={library.absolute()}")
    done = subprocess.run([*command, str(source)], check=False)  # noqa: S603  # the user's own R
    if done.returncode:
        raise MlflowException(
            "R could not install the package; it says why above. The packages that it needs are httr2, "
            "jsonlite, rlang, cli, withr, yaml and tibble (Debian: r-cran-httr2 and so on)."
        )
