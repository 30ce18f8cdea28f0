"""An entry point of a project: a command with places for its parameters."""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pycore.errors import InvalidInput
from pycore.projects.parameter import Parameter

# The doubled braces of Python's formats, or a place.
_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EntryPoint:
    """A command by name.

    Attributes
    ----------
    name : str
    command : str
        For bash; ``{name}`` stands for a parameter's value, ``{{`` and ``}}`` for braces.
    parameters : tuple of Parameter
    """

    name: str
    command: str
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def parse(cls, name: str, declared: object) -> EntryPoint:
        """Read an entry of ``entry_points``.

        Raises
        ------
        InvalidInput
            It lacks a command, or its command names a parameter that it does not declare.
        """
        if not isinstance(declared, dict) or not isinstance(declared.get("command"), str):
            raise InvalidInput(f"The entry point {name!r} must be a mapping with a text command.")
        parameters = declared.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise InvalidInput(f"The parameters of the entry point {name!r} must be a mapping.")
        found = tuple(Parameter.parse(str(key), value) for key, value in parameters.items())
        entry = cls(name, declared["command"], found)
        names = [parameter.name for parameter in found]
        for match in _PLACE.finditer(entry.command):
            if match[1] and match[1] not in names:
                raise InvalidInput(
                    f"The command of the entry point {name!r} uses {match[0]}, which is not among its "
                    f"parameters ({', '.join(names) or 'none'}). Declare it, or write {{{match[0]}}} for "
                    "braces."
                )
        return entry

    @classmethod
    def of_file(cls, file: str) -> EntryPoint | None:
        """Return the entry point that runs a Python, shell or R script; None for another file."""
        suffix = Path(file).suffix
        if suffix == ".py":
            command = f"python3 {shlex.quote(file)}"
        elif suffix == ".sh":
            command = f"bash {shlex.quote(file)}"
        elif suffix in (".R", ".r"):
            # A JSON text reads the same in R.
            call = f"crateflow::mlflow_source({json.dumps(file, ensure_ascii=False)})"
            command = f"Rscript -e {shlex.quote(call)}"
        else:
            return None
        return cls(file, command.replace("{", "{{").replace("}", "}}"))

    def values(self, given: Mapping[str, str], project: Path, storage: Path) -> dict[str, str]:
        """Return the value of every parameter, those that are not declared last.

        Raises
        ------
        InvalidInput
            Values are missing, all of which are named, or one is not of its type.
        NotFound
            A path leads to nothing.
        """
        missing = [each.name for each in self.parameters if each.default is None and each.name not in given]
        if missing:
            raise InvalidInput(
                f"The entry point {self.name!r} needs values for {', '.join(missing)}: give "
                + " ".join(f"-P {name}=VALUE" for name in missing)
                + "."
            )
        values = {each.name: each.value(given.get(each.name), project, storage) for each in self.parameters}
        for name, value in given.items():
            if name not in values:
                self._say_undeclared(name)
                values[name] = value
        return values

    def command_line(self, values: Mapping[str, str]) -> str:
        """Return the command for bash: quoted values in their places, the others behind as ``--name``."""
        declared = {parameter.name for parameter in self.parameters}

        def replaced(match: re.Match[str]) -> str:
            return shlex.quote(values[match[1]]) if match[1] else match[0][0]

        extra = [
            f"{shlex.quote(f'--{name}')} {shlex.quote(value)}"
            for name, value in values.items()
            if name not in declared
        ]
        return " ".join([_PLACE.sub(replaced, self.command), *extra])

    def _say_undeclared(self, name: str) -> None:
        names = [parameter.name for parameter in self.parameters]
        if names:
            close = get_close_matches(name, names, n=1)
            _log.warning(
                "The entry point %r declares no parameter %r, only %s%s; it is handed on as --%s.",
                self.name,
                name,
                ", ".join(names),
                f" (is {close[0]} meant?)" if close else "",
                name,
            )
