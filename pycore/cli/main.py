"""The command `crateflow` itself: from a verb to the module that has it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from pycore.errors import MlflowException

#: Verb -> where its command is. Imported when asked for: what one verb needs, no other pays for.
VERBS: Mapping[str, str] = {
    "artifacts": "pycore.cli.artifacts:artifacts",
    "db": "pycore.cli.db:db",
    "doctor": "pycore.cli.doctor:doctor",
    "experiments": "pycore.cli.experiments:experiments",
    "gc": "pycore.cli.gc:gc",
    "models": "pycore.cli.models:models",
    "run": "pycore.cli.run:run",
    "runs": "pycore.cli.runs:runs",
    "server": "pycore.cli.server:server",
    "ui": "pycore.cli.server:server",
}


class LazyGroup(click.Group):
    """A group of commands that are imported by need, and whose errors are one line.

    Parameters
    ----------
    verbs : mapping of str to str
        Verb -> ``module:attribute``.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, sorted."""
        return sorted(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a verb; None for an unknown one."""
        if cmd_name not in self._verbs:
            return None
        module, _, attribute = self._verbs[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; an error raised on purpose is one line and exit status 1."""
        try:
            return super().invoke(ctx)
        except MlflowException as error:
            raise click.ClickException(" ".join(error.message.split())) from error


@click.group("crateflow", cls=LazyGroup, verbs=VERBS)
@click.version_option(package_name="crateflow", prog_name="crateflow")
def main() -> None:
    """Track, package, register and serve R and Python models."""
