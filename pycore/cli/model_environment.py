"""``crateflow models prepare-env``, and the options that tell where a model's packages come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pycore.config import ENV_MANAGER
from pycore.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., Any])

#: What is installed here, and a library with the versions that a model was saved with.
LOCAL, LIBRARY = "local", "library"


def _manager(_: click.Context, __: click.Parameter, value: str) -> str:
    """Refuse a manager there is not, before a model is fetched for it."""
    if value not in (LOCAL, LIBRARY):
        raise InvalidInput(
            f"There is no environment manager {value!r} here, only {LOCAL} and {LIBRARY}: install the "
            "packages of a Python model (requirements.txt in its folder says which) and give "
            "--env-manager local."
        )
    return value


_env_manager = click.option(
    "--env-manager",
    envvar=ENV_MANAGER.name,
    show_envvar=True,
    default=ENV_MANAGER.default,
    show_default=True,
    callback=_manager,
    help="Where a model's packages come from: 'local' is what is installed here, 'library' installs "
    "the R packages it was saved with, in their versions, into a library of its own.",
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


def environment_of(env_manager: str, path: Path, repositories: Sequence[str]) -> Mapping[str, str]:
    """Install what a manager takes care of, and return the variables with which a model's processes find it.

    Parameters
    ----------
    env_manager : str
        `LOCAL` or `LIBRARY`.
    path : Path
        The model's folder.
    repositories : sequence of str

    Raises
    ------
    InvalidInput
        A library is made for R models only, and this is none.
    """
    return _prepared(path, repositories) if env_manager == LIBRARY else {}


@click.command("prepare-env")
@click.option("-m", "--model-uri", metavar="URI", required=True, help="As for `crateflow models serve`.")
@_repositories
def prepare_env(model_uri: str, repositories: tuple[str, ...]) -> None:
    """Install the R packages of a model in the versions it was saved with, and print where.

    They go into a library of their own, which `serve` and `predict` find again with --env-manager library;
    models that need the same versions share it. The R_LIBS printed gives other R processes the same.
    """
    # The clients of model registries take longer to load than `--help` may take.
    from pycore.tracking.model_uris import fetch

    for name, value in _prepared(fetch(model_uri), repositories).items():
        click.echo(f"{name}={value}")


def _prepared(path: Path, repositories: Sequence[str]) -> Mapping[str, str]:
    # See `prepare_env`.
    from pycore.models import registry
    from pycore.models.spec import Model

    variables = registry.prepare_environment(path, repositories)
    if variables is None:
        raise InvalidInput(
            f"Only the packages of R models can be installed here; this model has the flavors "
            f"{', '.join(sorted(Model.load(path).flavors))}. Install what requirements.txt in its folder "
            "says, and give --env-manager local."
        )
    return variables
