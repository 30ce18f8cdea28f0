"""``crateflow models prepare-env``, and the options that tell where a model's packages come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pycore.config import ENV_MANAGER
from pycore.models.env_managers import MANAGERS, VIRTUALENV, check_manager, prepare_packages

F = TypeVar("F", bound=Callable[..., Any])


def _manager(_: click.Context, __: click.Parameter, value: str) -> str:
    """Refuse a manager there is not, before a model is fetched for it."""
    return check_manager(value, "--env-manager")


_env_manager = click.option(
    "--env-manager",
    envvar=ENV_MANAGER.name,
    show_envvar=True,
    default=ENV_MANAGER.default,
    show_default=True,
    callback=_manager,
    help="Where a model's packages come from: 'local' is what is installed here, 'library' installs "
    "the R packages it was saved with, in their versions, into a library of its own, and 'virtualenv' the "
    "Python packages of a Python model into a virtual environment as well.",
)
_repositories = click.option(
    "--r-repository",
    "repositories",
    metavar="URL",
    multiple=True,
    help="Repository of R packages, a dated snapshot for example; may be given several times.  "
    "[default: CRATEFLOW_R_REPOSITORIES, then what the model says]",
)


def environment_options(command: F) -> F:
    """Give a command the options `env_manager` and `repositories`."""
    return _env_manager(_repositories(command))


@click.command("prepare-env")
@click.option("-m", "--model-uri", metavar="URI", required=True, help="As for `crateflow models serve`.")
@click.option(
    "--env-manager",
    type=click.Choice(MANAGERS),
    default=VIRTUALENV,
    show_default=True,
    help="As for `crateflow models serve`.",
)
@_repositories
# Of MLflow, whose scripts give it.
@click.option("--install-mlflow", is_flag=True, hidden=True, expose_value=False, help="Has no effect.")
def prepare_env(model_uri: str, env_manager: str, repositories: tuple[str, ...]) -> None:
    """Install the packages of a model in the versions it was saved with, and print where.

    They go into a library or a virtual environment of their own, which `serve` and `predict` find again
    with --env-manager virtualenv; models that need the same versions share it. The variable printed gives
    other processes the same.
    """
    # The clients of model registries take longer to load than `--help` may take.
    from pycore.tracking.model_uris import fetch

    for name, value in prepare_packages(env_manager, fetch(model_uri), repositories).items():
        click.echo(f"{name}={value}")
