"""What pip installs for a Python model, and an environment that has it."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pycore.errors import InvalidInput, ModelError
from pycore.models import registry
from pycore.models.environment import CONDA_ENV, REQUIREMENTS, pip_part, read_conda, read_requirements
from pycore.models.spec import PYFUNC, Model
from pycore.models.virtual_environment import VirtualEnvironment, packages_of

#: Our own distribution, which is there wherever a model is loaded by it.
OURS = "crateflow"

_OF_CONDA_ITSELF = re.compile(r"(?:\S+::)?(?:python|pip)\s*(?:[=<>!~ ].*)?$")


def requirements_of(path: Path) -> list[str]:
    """Return the lines that pip needs for a model: its ``requirements.txt``, else ``conda.yaml``'s pip part.

    Crateflow itself is left out, and MLflow where only its own code would have read the model.

    Raises
    ------
    InvalidInput
        The packages are conda's own, or a file cannot be read.
    InvalidModel, FlavorUnknown
        The model cannot be read, or not by what is installed.
    """
    # The code of a user's own model may import MLflow; what a library saved, a flavor of ours reads.
    own_code = registry.flavor_of(Model.load(path)) in (None, PYFUNC)
    superfluous = {OURS} if own_code else {OURS, "mlflow"}
    return [line for line in _recorded(path) if _distribution(line) not in superfluous]


def write_requirements(path: Path, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[Path]:
    """Change what pip installs for a model, in its ``requirements.txt`` and in ``conda.yaml``.

    Parameters
    ----------
    path : Path
        The model's folder.
    add : sequence of str
        Requirements; each takes the place of the one for the same package.
    remove : sequence of str
        Packages, with or without a version; those that are not there are passed over.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InvalidInput
        A text is no requirement, or the model has neither file.
    """
    wanted = _by_distribution(add)
    replaced = {*wanted, *_by_distribution(remove)}

    def changed(lines: Sequence[str]) -> list[str]:
        kept = [line for line in lines if _distribution(line) not in replaced]
        return [*kept, *wanted.values()]

    written = []
    if (file := path / REQUIREMENTS).is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join(changed(lines)), encoding="utf-8")
        written.append(file)
    if (file := path / CONDA_ENV).is_file():
        environment = read_conda(file)
        others = [each for each in environment.get("dependencies") or [] if not isinstance(each, dict)]
        environment["dependencies"] = [*others, {"pip": changed(pip_part(environment))}]
        file.write_text(yaml.safe_dump(environment, sort_keys=False), encoding="utf-8")
        written.append(file)
    if not written:
        raise InvalidInput(f"The model has neither {REQUIREMENTS} nor {CONDA_ENV}: it names no packages.")
    return written


def prepare_python(path: Path, overrides: Sequence[str] = ()) -> Mapping[str, str]:
    """Install the packages of a Python model, as far as those that run here are others.

    They go into a virtual environment of this Python, which models with the same requirements share.

    Parameters
    ----------
    path : Path
        The model's folder.
    overrides : sequence of str
        Requirements that count more than the model's own.

    Returns
    -------
    mapping
        Environment variables that let a process of this Python find them first.

    Raises
    ------
    ModelError
        pip cannot install them.
    InvalidInput
        The model does not say what pip is to install.
    """
    demands = [requirements_of(path), list(overrides)]
    if not any(demands):
        return {}
    environment = VirtualEnvironment(
        folder=path,
        demands=demands,
        interpreter=sys.executable,
        failure=lambda reason: ModelError(f"The packages of the model cannot be installed: {reason}"),
        inherited=Path(sysconfig.get_path("purelib")),
    )
    return {"PYTHONPATH": str(packages_of(environment.make()))}


def _recorded(path: Path) -> list[str]:
    if (path / REQUIREMENTS).is_file():
        return read_requirements(path / REQUIREMENTS)
    if not (path / CONDA_ENV).is_file():
        return []
    environment = read_conda(path / CONDA_ENV)
    named = [str(each) for each in environment.get("dependencies") or [] if not isinstance(each, dict)]
    foreign = [each for each in named if not _OF_CONDA_ITSELF.match(each)]
    if foreign:
        raise InvalidInput(
            f"{path / CONDA_ENV} asks for packages of conda, which is not used here: {', '.join(foreign)}. "
            f"Say what pip is to install in their place in a {REQUIREMENTS} beside it."
        )
    return pip_part(environment)


def _by_distribution(lines: Sequence[str]) -> dict[str, str]:
    names = {line: _distribution(line) for line in lines}
    wrong = [line for line, name in names.items() if name is None]
    if wrong:
        raise InvalidInput(
            f"Not a requirement as pip takes them: {', '.join(map(repr, wrong))}. Expected the like of "
            "'pandas==2.2.0'."
        )
    return {str(name): line for line, name in names.items()}


def _distribution(line: str) -> str | None:
    """Return which distribution a line asks for; None for options, files and addresses."""
    try:
        return canonicalize_name(Requirement(line.partition(" #")[0].strip()).name)
    except InvalidRequirement:
        return None
