"""A project as its folder describes it: the file ``MLproject``, or just scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pycore.errors import InvalidInput, NotFound
from pycore.projects.entry_point import EntryPoint

FILE = "MLproject"
PYTHON_ENV = "python_env.yaml"
CONDA_ENV = "conda.yaml"


@dataclass(frozen=True)
class Project:
    """What can be run in a folder, and what it needs.

    Attributes
    ----------
    folder : Path
    name : str or None
    entry_points : mapping of str to EntryPoint
        Those declared; every script of the folder is one as well.
    environment : Path or None
        A ``python_env.yaml`` or ``conda.yaml``.
    """

    folder: Path
    name: str | None
    entry_points: Mapping[str, EntryPoint]
    environment: Path | None

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Read the project in a folder.

        Raises
        ------
        InvalidInput
            Its ``MLproject`` cannot be read, or asks for Docker.
        """
        content = _content(folder)
        if "docker_env" in content:
            raise InvalidInput(
                f"The project in {folder} runs in Docker (docker_env), which is not done here: build its "
                "image and run the command in it."
            )
        entries = content.get("entry_points") or {}
        if not isinstance(entries, dict):
            raise InvalidInput(f"In {folder / FILE}, entry_points must be a mapping, not {entries!r}.")
        name = content.get("name")
        return cls(
            folder,
            None if name is None else str(name),
            {str(key): EntryPoint.parse(str(key), value) for key, value in entries.items()},
            _environment(folder, content),
        )

    def entry_point(self, name: str) -> EntryPoint:
        """Return an entry point: a declared one, or a script of the folder.

        Raises
        ------
        NotFound
            There is none of this name; the message says which there are.
        InvalidInput
            The script lies outside of the folder.
        """
        if name in self.entry_points:
            return self.entry_points[name]
        entry = EntryPoint.of_file(name)
        if entry is not None and inside(self.folder, name).is_file():
            return entry
        scripts = [each.name for each in sorted(self.folder.iterdir()) if EntryPoint.of_file(each.name)]
        there_are = ", ".join([*self.entry_points, *scripts]) or "nothing that can be run"
        raise NotFound(
            f"The project in {self.folder} has no entry point {name!r}: expected one of its {FILE}, or a "
            f"script (.py, .sh or .R). It has {there_are}."
        )


def inside(folder: Path, path: str) -> Path:
    """Return a path below a folder.

    Raises
    ------
    InvalidInput
        It leads outside.
    """
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise InvalidInput(f"{path!r} leads outside of the project in {folder}.")
    return found


def _content(folder: Path) -> Mapping[str, Any]:
    file = next((each for each in sorted(folder.iterdir()) if each.name.lower() == FILE.lower()), None)
    if file is None:
        return {}
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidInput(f"{file} must be a YAML mapping with name and entry_points.")
    return content


def _environment(folder: Path, content: Mapping[str, Any]) -> Path | None:
    for key in ("python_env", "conda_env"):
        if key in content:
            file = inside(folder, str(content[key]))
            if not file.is_file():
                raise InvalidInput(f"{FILE} names the {key} {content[key]!r}, but there is no such file.")
            return file
    files = (folder / name for name in (PYTHON_ENV, CONDA_ENV))
    return next((file for file in files if file.is_file()), None)
