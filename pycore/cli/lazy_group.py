"""A group of commands that are imported when they are asked for."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Mapping
from typing import IO, Any

import click

from pycore.errors import MlflowException


class Interrupted(click.ClickException):
    """The user, or whoever runs the command, has ended it."""

    #: As shells tell of a program that SIGINT ended.
    exit_code = 128 + signal.SIGINT

    def __init__(self) -> None:
        super().__init__("Interrupted.")

    def show(self, file: IO[Any] | None = None) -> None:
        """Say so on a line of its own, which the terminal's ^C has not."""
        click.echo(f"\n{self.message}", err=True)


class LazyGroup(click.Group):
    """A group of commands that are imported by need, and whose errors are one line.

    Parameters
    ----------
    verbs : mapping of str to str
        Verb -> ``module:attribute``. What one verb needs, no other pays for.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, sorted."""
        return sorted({*super().list_commands(ctx), *self._verbs})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a verb; None for an unknown one."""
        if cmd_name not in self._verbs:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._verbs[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; an error raised on purpose is one line and exit status 1, an interrupt 130."""
        try:
            return super().invoke(ctx)
        except MlflowException as error:
            raise click.ClickException(" ".join(error.message.split())) from error
        except OSError as error:
            # A file that a verb was told to read or write. Readers that have left are click's to handle.
            if error.filename is None:
                raise
            raise click.ClickException(f"{error.strerror}: {error.filename}") from error
        except KeyboardInterrupt as interrupt:
            raise Interrupted from interrupt
