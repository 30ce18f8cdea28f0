"""The command `crateflow` itself: from a verb to the module that has it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import click

from pycore.cli.env_file import load
from pycore.cli.lazy_group import LazyGroup

#: Verb -> where its command is. Imported when asked for: what one verb needs, no other pays for.
VERBS: Mapping[str, str] = {
    "artifacts": "pycore.cli.artifacts:artifacts",
    "completion": "pycore.cli.completion:completion",
    "db": "pycore.cli.db:db",
    "doctor": "pycore.cli.doctor:doctor",
    "experiments": "pycore.cli.experiments:experiments",
    "gc": "pycore.cli.gc:gc",
    "import": "pycore.cli.importing:import_",
    "migrate-filestore": "pycore.cli.importing:migrate_filestore",
    "models": "pycore.cli.models:models",
    "r": "pycore.cli.r:r",
    "run": "pycore.cli.run:run",
    "runs": "pycore.cli.runs:runs",
    "server": "pycore.cli.server:server",
    "tokens": "pycore.cli.tokens:tokens",
    "ui": "pycore.cli.server:server",
    "users": "pycore.cli.users:users",
}


@click.group("crateflow", cls=LazyGroup, verbs=VERBS)
@click.version_option(package_name="crateflow", prog_name="crateflow")
@click.option(
    "--env-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=load,
    expose_value=False,
    help="File of environment variables, NAME=VALUE in each line; those that are set already win.",
)
def main() -> None:
    """Track, package, register and serve R and Python models."""
    if os.getpid() == 1:
        # The first process of a container gets no signal that it does not ask for.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
