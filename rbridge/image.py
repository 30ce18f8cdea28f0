"""What a container needs to score crates: R, its packages, and what builds them.

Debian's own packages of R come ready-made and bring the libraries that they need. What Debian has not, or
not in a version that is insisted on, is built from a repository by `install.R`, in a stage of the build
that the finished image does not keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pycore.config import R_REPOSITORIES
from pycore.models.image_needs import ImageNeeds
from rbridge.environment import REnvironment
from rbridge.inspect import BASE_PACKAGES, inspect
from rbridge.section import CrateSection

#: The release whose R, 4.2, is tested with the rpy2 of our extra; it reads what later ones write too.
_BASE_IMAGE = "debian:bookworm-slim"
#: Where Debian's R looks first. Its own packages of R packages lie elsewhere.
_SITE_LIBRARY = "/usr/local/lib/R/site-library"
_INSTALL = "install.R"

# Without tzdata, times of any zone would count as those of UTC.
_RUN = ("python3", "r-base-core", "tzdata")
_BUILD = ("python3-dev", "python3-venv", "r-base-dev")


def for_crate(section: CrateSection, exact_versions: bool, repositories: Sequence[str]) -> ImageNeeds:
    """Return what the image for a crate must have.

    Parameters
    ----------
    section : CrateSection
    exact_versions : bool
        Build each package in the version that was recorded, unless Debian has just that one; else any
        version is good that Debian has.
    repositories : sequence of str
        As for `rbridge.library.prepare`.

    Raises
    ------
    InvalidModel
        The crate, or a file that says what it needs, cannot be read.
    """
    environment = REnvironment.of_crate(section)
    called = inspect(section.file).packages if section.packages is None else section.packages
    needed = {*environment.packages, *called} - BASE_PACKAGES
    sources = tuple(repositories) or R_REPOSITORIES.get() or environment.repositories
    wanted = {name: environment.packages.get(name, "") for name in sorted(needed)}
    return ImageNeeds(
        extra="r",
        python_packages=False,
        base_image=_BASE_IMAGE,
        packages=_RUN,
        packages_if_offered=tuple(
            f"r-{origin}-{name.lower()}" for name in wanted for origin in ("bioc", "cran")
        ),
        build_packages=_BUILD,
        files={_INSTALL: Path(__file__).with_name(_INSTALL)} if wanted else {},
        commands=(_installation(wanted, exact_versions, sources),) if wanted else (),
        built=(_SITE_LIBRARY,) if wanted else (),
    )


def for_any_crate() -> ImageNeeds:
    """Return what an image must have that is to install the packages of crates by itself."""
    return ImageNeeds(extra="r", python_packages=False, base_image=_BASE_IMAGE, packages=(*_RUN, *_BUILD))


def _installation(
    wanted: Mapping[str, str], exact_versions: bool, repositories: Sequence[str]
) -> tuple[str, ...]:
    return (
        "Rscript",
        "--vanilla",
        _INSTALL,
        f"library={_SITE_LIBRARY}",
        f"versions={'recorded' if exact_versions else 'any'}",
        *(f"repository={address}" for address in repositories),
        *(f"package={name}={version}" for name, version in wanted.items()),
    )
