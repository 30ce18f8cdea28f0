"""``crateflow models prepare-env``, and the options that tell where a model's packages come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pycore.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., Any])

_MANAGERS = ("local", "library")

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
    manager = click.option(
        "--env-manager",
        default="local",
        show_default=True,
        help="Where the model's packages come from: 'local' is what is installed here, 'library' installs "
        "the R packages it was saved with, in their versions, into a library of its own.",
    )
    return manager(_repositories(command))


def use_environment(env_manager: str, path: Path, repositories: Sequence[str]) -> None:
    """Have the processes that run a model find its packages.

    Parameters
    ----------
    env_manager : str
        One of 'local' and 'library'.
    path : Path
        The model's folder.
    repositories : sequence of str

    Raises
    ------
    InvalidInput
        There is no such manager, or none for this kind of model.
    """
    if env_manager == "library":
        os.environ.update(_prepared(path, repositories))


def check_manager(env_manager: str) -> None:
    """Refuse a manager there is not, before a model is fetched for it."""
    if env_manager not in _MANAGERS:
        raise InvalidInput(
            f"There is no environment manager {env_manager!r} here, only {' and '.join(_MANAGERS)}: install "
            "the packages of a Python model (requirements.txt in its folder says which) and give "
            "--env-manager local."
        )


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
    from pycore.models.flavor import Preparable
    from pycore.models.spec import Model

    model = Model.load(path)
    for name in registry.names():
        if name in model.flavors and isinstance(flavor := registry.find(name), Preparable):
            return flavor.prepare_environment(path, repositories)
    raise InvalidInput(
        f"Only the packages of R models can be installed here; this model has the flavors "
        f"{', '.join(sorted(model.flavors))}. Install what requirements.txt in its folder says, and give "
        "--env-manager local."
    )
