"""What a project's commands run in: what is installed here, or a virtual environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pycore.errors import InvalidInput, ProjectFailed
from pycore.models.virtual_environment import VirtualEnvironment
from pycore.projects.project import Project

LOCAL = "local"
VIRTUALENV = "virtualenv"
MANAGERS = (LOCAL, VIRTUALENV)

_CONDA_PYTHON = re.compile(r"python\s*[=<>~!]+\s*([\d.]+).*")


@dataclass(frozen=True)
class PythonEnv:
    """The Python and the packages that a project asks for.

    Attributes
    ----------
    python : str or None
        A version such as ``3.11`` or ``3.11.4``, of which the first two numbers count.
    build_dependencies, dependencies : tuple of str
        As pip takes them, the former installed before.
    """

    python: str | None = None
    build_dependencies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> PythonEnv:
        """Read a ``python_env.yaml``, or the pip part of a ``conda.yaml``.

        Raises
        ------
        InvalidInput
            It is neither, or asks for packages of conda.
        """
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InvalidInput(f"{file} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise InvalidInput(f"{file} must be a YAML mapping.")
        if "channels" in content or "name" in content:
            return cls._of_conda(file, content)
        python = content.get("python")
        return cls(
            None if python is None else str(python),
            _texts(file, content.get("build_dependencies")),
            _texts(file, content.get("dependencies")),
        )

    @classmethod
    def _of_conda(cls, file: Path, content: Mapping[str, Any]) -> PythonEnv:
        python, foreign = None, []
        pip: list[str] = []
        for each in content.get("dependencies") or ():
            if isinstance(each, dict):
                pip += _texts(file, each.get("pip"))
            elif match := _CONDA_PYTHON.fullmatch(str(each)):
                python = match[1].strip(".")
            elif re.split(r"[=<>~! ]", str(each), maxsplit=1)[0] not in ("pip", "python"):
                foreign.append(str(each))
        if foreign:
            raise InvalidInput(
                f"{file} asks for packages of conda, which is not used here: {', '.join(foreign)}. Move them "
                f"to its pip part, or install them and give --env-manager {LOCAL}."
            )
        return cls(python, (), tuple(pip))


def variables(manager: str, project: Project) -> dict[str, str]:
    """Return the environment variables under which a project finds its Python.

    Parameters
    ----------
    manager : str
        ``local`` puts the running Python first. ``virtualenv`` makes an environment with what the project
        asks for, or takes the one made before for the same demands.

    Raises
    ------
    InvalidInput
        There is no such manager, or no Python of the version asked for.
    ProjectFailed
        pip could not install what is asked for.
    """
    if manager == LOCAL:
        return {"PATH": _first_in_path(Path(sys.executable).parent)}
    if manager != VIRTUALENV:
        raise InvalidInput(
            f"There is no environment manager {manager!r} here: expected one of {', '.join(MANAGERS)}."
        )
    env = PythonEnv.read(project.environment) if project.environment else PythonEnv()
    folder = _made(env, project.environment.parent if project.environment else project.folder)
    return {"PATH": _first_in_path(folder / "bin"), "VIRTUAL_ENV": str(folder)}


def _made(env: PythonEnv, folder: Path) -> Path:
    environment = VirtualEnvironment(
        folder=folder,
        demands=[env.build_dependencies, env.dependencies],
        interpreter=_interpreter(env.python),
        failure=lambda reason: ProjectFailed(f"The environment of the project cannot be made: {reason}"),
    )
    return environment.make()


def _interpreter(version: str | None) -> str:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = ".".join((version or here).split(".")[:2])
    found = sys.executable if wanted in (here, here[0]) else shutil.which(f"python{wanted}")
    if found is None:
        raise InvalidInput(
            f"The project asks for Python {version}, and there is no python{wanted} in PATH: install it, or "
            f"give --env-manager {LOCAL} to run the project with Python {here}."
        )
    return found


def _first_in_path(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PATH")])])


def _texts(file: Path, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidInput(f"In {file}, dependencies must be a list, not {value!r}.")
    return tuple(str(each) for each in value)
