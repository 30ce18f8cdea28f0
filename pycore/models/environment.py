"""The Python packages of a model: the files that record them, and how far this process differs."""

from __future__ import annotations

import logging
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pycore.errors import InvalidInput

REQUIREMENTS = "requirements.txt"
CONDA_ENV = "conda.yaml"
PYTHON_ENV = "python_env.yaml"

#: What the section python_function says about the three files.
ENV = {"conda": CONDA_ENV, "virtualenv": PYTHON_ENV}

_log = logging.getLogger(__name__)

Requirements: TypeAlias = str | Path | Sequence[str]


def pinned(packages: Sequence[str]) -> list[str]:
    """Return a requirement for each package: the version that is installed, or just its name."""
    return [f"{name}=={version(name)}" if _is_installed(name) else name for name in packages]


def installed_distribution(names: Sequence[str]) -> str:
    """Return the first of several distributions of one library that is installed, else the first."""
    return next((name for name in names if _is_installed(name)), names[0])


def conda_env(requirements: Sequence[str]) -> dict[str, Any]:
    """Return the content of ``conda.yaml`` for this Python and these requirements."""
    return {
        "channels": ["conda-forge"],
        "dependencies": [f"python={platform.python_version()}", "pip", {"pip": list(requirements)}],
        "name": "crateflow-env",
    }


def conda_env_with(
    path: str | Path | None = None,
    additional_conda_deps: Sequence[str] | None = None,
    additional_pip_deps: Sequence[str] | None = None,
    additional_conda_channels: Sequence[str] | None = None,
    install_mlflow: bool = True,
) -> dict[str, Any] | None:
    """Return a conda environment with packages of one's own, or write it to `path` and return None.

    `install_mlflow` has no effect: what loads a model here is installed before it.
    """
    content = conda_env(additional_pip_deps or ())
    *conda, pip = content["dependencies"]
    content["dependencies"] = [*conda, *(additional_conda_deps or ()), pip]
    content["channels"] += additional_conda_channels or ()
    if path is None:
        return content
    _write_yaml(Path(path), content)
    return None


def write_environment(
    folder: Path,
    default: Sequence[str],
    *,
    conda: str | Path | Mapping[str, Any] | None = None,
    pip_requirements: Requirements | None = None,
    extra_pip_requirements: Requirements | None = None,
) -> None:
    """Write ``requirements.txt``, ``conda.yaml`` and ``python_env.yaml`` of a model.

    Parameters
    ----------
    folder : Path
    default : sequence of str
        Requirements of the flavor, used when the user gives none.
    conda : mapping or path, optional
        A whole conda environment; its pip part becomes the requirements.
    pip_requirements, extra_pip_requirements : list of str or path of a file, optional
        In place of the default, or besides it.

    Raises
    ------
    InvalidInput
        Both kinds of environment are given, or a file or mapping that cannot be used.
    """
    if conda is not None:
        if pip_requirements is not None or extra_pip_requirements is not None:
            raise InvalidInput("Give conda_env, or pip_requirements and extra_pip_requirements, not both.")
        environment = read_conda(conda)
        requirements = pip_part(environment)
    else:
        requirements = list(default) if pip_requirements is None else read_requirements(pip_requirements)
        if extra_pip_requirements is not None:
            requirements += read_requirements(extra_pip_requirements)
        environment = conda_env(requirements)
    python_env = {
        "python": platform.python_version(),
        "build_dependencies": [*pinned(["pip", "setuptools"]), "wheel"],
        "dependencies": [f"-r {REQUIREMENTS}"],
    }
    (folder / REQUIREMENTS).write_text("\n".join(requirements), encoding="utf-8")
    _write_yaml(folder / CONDA_ENV, environment)
    _write_yaml(folder / PYTHON_ENV, python_env)


def warn_about_differences(folder: Path) -> None:
    """Log one warning that names every package whose installed version is not the model's."""
    differences = []
    for requirement in _parsed(folder / REQUIREMENTS):
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = "not installed"
        if installed == "not installed" or not requirement.specifier.contains(installed, prereleases=True):
            differences.append(f"{requirement} (here: {installed})")
    if differences:
        _log.warning(
            "The model was saved with other packages than are installed here: %s. It may fail or answer "
            "differently; pip install -r %s installs them.",
            ", ".join(differences),
            folder / REQUIREMENTS,
        )


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _parsed(file: Path) -> list[Requirement]:
    """Return the lines that apply here and name a package; options, files and MLflow itself do not."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            requirement = Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue
        applies = requirement.marker is None or requirement.marker.evaluate()
        if applies and canonicalize_name(requirement.name) != "mlflow":
            found.append(requirement)
    return found


def read_requirements(given: Requirements) -> list[str]:
    """Return the requirements of a list or of a file, without blank lines and comments."""
    if not isinstance(given, str | Path):
        return [str(line) for line in given]
    try:
        lines = Path(given).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InvalidInput(f"The requirements file {str(given)!r} cannot be read: {error}.") from error
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def read_conda(given: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return a conda environment that is given, or that a file holds."""
    if isinstance(given, Mapping):
        return dict(given)
    try:
        content = yaml.safe_load(Path(given).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InvalidInput(f"The conda environment {str(given)!r} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"The conda environment {str(given)!r} is no mapping.")
    return content


def pip_part(environment: Mapping[str, Any]) -> list[str]:
    """Return what a conda environment has pip install."""
    parts = [part["pip"] for part in environment.get("dependencies") or [] if isinstance(part, dict)]
    return [str(line) for part in parts for line in part]


def _write_yaml(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
