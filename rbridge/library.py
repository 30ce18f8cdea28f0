"""A private library with the R packages of a model in the versions it was saved with.

Made once for each set of versions and kept: models that need the same share one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pycore.config import R_LIBRARIES, R_REPOSITORIES
from pycore.errors import InvalidInput, ModelError
from rbridge.environment import REnvironment
from rbridge.installation import find_home, version_of

_log = logging.getLogger(__name__)

#: Exit status of `install.R` when a version is in no repository, and when none is given that is needed.
_ABSENT, _NOWHERE = 2, 3
#: Of what R says about a failed installation.
_LINES_SHOWN = 15


def prepare(environment: REnvironment, repositories: Sequence[str] = ()) -> Path:
    """Return a library that has the recorded packages, unless the machine's own libraries do.

    Parameters
    ----------
    environment : REnvironment
    repositories : sequence of str
        Addresses as R's option ``repos`` has them; by default those of the setting, then those the
        model was saved with. Versions that are no longer current are looked for in their archives.

    Returns
    -------
    Path
        To be the first in R_LIBS. Empty if nothing had to be installed.

    Raises
    ------
    InvalidInput
        No repository is known, and something is to be installed.
    ModelError
        A repository lacks a version, or a package cannot be built; the message has R's reason.
    RUnavailable
        There is no R here.
    """
    home = find_home()
    library = _folder(environment, version_of(home))
    library.mkdir(parents=True, exist_ok=True)
    sources = tuple(repositories) or R_REPOSITORIES.get() or environment.repositories
    if environment.packages:
        with _alone(library):
            _install(home, library, sources, environment)
    return library


def _folder(environment: REnvironment, r_version: str) -> Path:
    """Return where the library for these versions is, or will be."""
    built_by = [r_version.rpartition(".")[0], platform.machine()]
    content = json.dumps([built_by, sorted(environment.packages.items())])
    return _libraries() / hashlib.sha256(content.encode()).hexdigest()[:32]


def _libraries() -> Path:
    told = R_LIBRARIES.get()
    if told:
        return Path(told).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "crateflow" / "r-libraries"


@contextmanager
def _alone(library: Path) -> Iterator[None]:
    """Wait until no other process installs into a library."""
    with library.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path, library: Path, repositories: Sequence[str], environment: REnvironment) -> None:
    script = Path(__file__).parent / "install.R"
    arguments = [
        f"library={library}",
        *(f"repository={address}" for address in repositories),
        *(f"package={name}={version}" for name, version in sorted(environment.packages.items())),
    ]
    done = subprocess.run(  # noqa: S603 - the user's own R, and our script
        [home / "bin" / "Rscript", "--vanilla", script, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode == _NOWHERE:
        raise InvalidInput(
            "Nobody says where to install the model's R packages from: give the address of a repository "
            f"with --r-repository, or set {R_REPOSITORIES.name}."
        )
    if done.returncode == _ABSENT:
        raise ModelError(
            f"No repository has {', '.join(done.stdout.splitlines())} (looked in {', '.join(repositories)}, "
            "archives included). Give one that has them with --r-repository."
        )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LINES_SHOWN:])
        raise ModelError(f"R cannot install the model's packages into {library}:\n{said}")
