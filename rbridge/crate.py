"""Loads crates into R, after everything that can be checked without running them was.

Needs neither carrier nor any client package in R. Namespaces are loaded before the crate, because R
finds the predict method of a class only then; a package that is absent stops the loading, because
without it R may silently find the method of another class.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pycore.errors import InvalidModel, ModelError, RCallError
from rbridge.call import RSession
from rbridge.environment import REnvironment
from rbridge.inspect import CrateInfo, inspect, sha256_of
from rbridge.runtime import Sexp
from rbridge.section import CrateSection

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crate:
    """A crate in R's memory, kept from its garbage collector.

    Parameters
    ----------
    function : Sexp
    arguments : tuple of str
        Of the function; the first takes the data.
    info : CrateInfo
    """

    function: Sexp
    arguments: tuple[str, ...]
    info: CrateInfo


def load(session: RSession, section: CrateSection) -> Crate:
    """Check a crate's file and load it with the packages it needs.

    Raises
    ------
    InvalidModel
        The file is no crate, damaged, or another one than MLmodel says.
    ModelError
        Packages are not installed; the message has the command that installs them.
    RCallError
        A package cannot be loaded.
    """
    info = inspect(section.file)
    _check_sum(section)
    packages = sorted(info.packages if section.packages is None else section.packages)
    environment = REnvironment.of_crate(section)
    installed = _installed(session, sorted({*packages, *environment.packages}))
    missing = [name for name in packages if not installed[name]]
    if missing:
        raise ModelError(_missing_message(missing, _library_paths(session)))
    _warn_about_differences(session.runtime.version, info, environment, installed)
    with session.memory() as write:
        session.call("load_packages", write, write.texts(packages))
        try:
            function = session.call("read_crate", write, write.texts([str(section.file)]))
        except RCallError as error:
            raise InvalidModel(f"R cannot load the crate {section.file.name}: {error.message}") from error
        session.runtime.lib.R_PreserveObject(function)
        session.call("attach_packages", write, function, write.texts(packages))
        arguments = session.read.texts(session.call("argument_names", write, function))
    return Crate(function, tuple(arguments), info)


def _check_sum(section: CrateSection) -> None:
    if section.sha256 is None:
        return
    found = sha256_of(section.file)
    if found != section.sha256:
        raise InvalidModel(
            f"{section.file.name} is not the file that MLmodel describes: its SHA-256 is {found}, recorded "
            f"is {section.sha256}. It was changed or damaged; log the model again."
        )


def _installed(session: RSession, packages: Sequence[str]) -> dict[str, str]:
    """Return the version of each package, empty where it is absent."""
    with session.memory() as write:
        versions = session.read.texts(session.call("installed_versions", write, write.texts(packages)))
    return dict(zip(packages, versions, strict=True))


def _library_paths(session: RSession) -> list[str]:
    with session.memory() as write:
        return session.read.texts(session.call("library_paths", write))


def _missing_message(missing: Sequence[str], libraries: Sequence[str]) -> str:
    names = ", ".join(missing)
    quoted = ", ".join(f'"{name}"' for name in missing)
    debian = " ".join(f"r-cran-{name.lower()}" for name in missing)
    return (
        f"The crate needs R packages that are not installed: {names} (looked in {', '.join(libraries)}). "
        f"Install them in R with install.packages(c({quoted})), on Debian with apt-get install {debian}, "
        "or for this model alone with --env-manager library."
    )


def _warn_about_differences(
    running: str, info: CrateInfo, environment: REnvironment, installed: Mapping[str, str]
) -> None:
    """Log one warning about all versions that differ from those the model was saved with."""
    recorded = replace(environment, r_version=environment.r_version or info.r_version)
    differences = recorded.differences(running, installed)
    if differences:
        _log.warning(
            "the crate was saved with other versions: %s; its predictions may differ or fail. "
            "--env-manager library installs the versions of its packages",
            "; ".join(differences),
        )
