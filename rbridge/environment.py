"""What a crate was saved with: the version of R and of its packages, from the files beside it.

``renv.lock`` names all packages, those included that others need; ``r_env.yaml`` and MLmodel name what
the crate itself calls. Where several name a package, they count in this order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pycore.errors import InvalidModel
from rbridge.inspect import BASE_PACKAGES
from rbridge.section import CrateSection

ENVIRONMENT_FILE = "r_env.yaml"
LOCKFILE = "renv.lock"


@dataclass(frozen=True)
class REnvironment:
    """Versions of R and of packages.

    Parameters
    ----------
    r_version : str, optional
    packages : dict of str to str
        The version of each, without those that come with R.
    repositories : tuple of str
        Where they were installed from, as far as that is an address.
    """

    r_version: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    repositories: tuple[str, ...] = ()

    @classmethod
    def of_crate(cls, section: CrateSection) -> REnvironment:
        """Read what is recorded for a crate.

        Raises
        ------
        InvalidModel
            A file that says it cannot be read.
        """
        folder = section.file.parent
        written = cls(None, _versions(section.packages or {}))
        if (folder / ENVIRONMENT_FILE).is_file():
            written = _from_environment_file(folder / ENVIRONMENT_FILE)._before(written)
        if (folder / LOCKFILE).is_file():
            written = _from_lockfile(folder / LOCKFILE)._before(written)
        return written

    def differences(self, r_version: str, installed: Mapping[str, str]) -> list[str]:
        """Return what differs from it in an R, in words; patch releases of R count as equal.

        Parameters
        ----------
        r_version : str
        installed : mapping of str to str
            The version of each of our packages there, empty where it is absent.
        """
        found = []
        if self.r_version and _minor(self.r_version) != _minor(r_version):
            found.append(f"R {self.r_version}, here {r_version}")
        for name, version in sorted(self.packages.items()):
            here = installed[name]
            # R writes the hyphen of a version as a point when it is asked for it.
            if here.replace("-", ".") != version.replace("-", "."):
                found.append(f"{name} {version}, {f'here {here}' if here else 'absent here'}")
        return found

    def _before(self, other: REnvironment) -> REnvironment:
        return REnvironment(
            self.r_version or other.r_version,
            {**other.packages, **self.packages},
            self.repositories or other.repositories,
        )


def _from_environment_file(file: Path) -> REnvironment:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        packages = {str(one["name"]): str(one["version"] or "") for one in content.get("packages") or ()}
        addresses = content.get("repositories") or ()
        if isinstance(addresses, Mapping):
            addresses = addresses.values()
        return REnvironment(content.get("r_version"), _versions(packages), _addresses(addresses))
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(file, error) from error


def _from_lockfile(file: Path) -> REnvironment:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        packages = {str(name): str(one["Version"]) for name, one in content["Packages"].items()}
        r = content.get("R") or {}
        addresses = [one["URL"] for one in r.get("Repositories") or ()]
        return REnvironment(r.get("Version"), _versions(packages), _addresses(addresses))
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(file, error) from error


def _versions(packages: Mapping[str, str]) -> dict[str, str]:
    """Leave out what comes with R, and what nobody knows the version of."""
    return {
        name: version
        for name, version in packages.items()
        if name not in BASE_PACKAGES and version[:1].isdigit()
    }


def _addresses(repositories: Any) -> tuple[str, ...]:
    # R calls a mirror that is still to be chosen "@CRAN@".
    return tuple(address for address in map(str, repositories) if "://" in address)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _unreadable(file: Path, error: Exception) -> InvalidModel:
    reason = f"{type(error).__name__}: {error}"
    return InvalidModel(f"{file.name} of the model does not say which packages it needs ({reason}).")
