"""The option of a verb that gives a model environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from pycore.cli.pairs import pairs
from pycore.config import MODEL_ENVIRONMENT

ENV = click.option(
    "--env",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="Environment variable for the model; may be given several times.",
)


def pass_on(variables: Mapping[str, str]) -> None:
    """Have the processes that run a model see variables; of others they see those that are allowed."""
    os.environ.update(variables)
    os.environ[MODEL_ENVIRONMENT.name] = ",".join([*MODEL_ENVIRONMENT.get(), *variables])
