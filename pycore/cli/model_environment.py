"""``crateflow models prepare-env``, and the options that tell where a model's packages come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pycore.config import ENV_MANAGER
from pycore.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., Any])

#: What is installed here; the R packages that a model was saved with; those, or its Python packages.
LOCAL, LIBRARY, VIRTUALENV = "local", "library", "virtualenv"
_MANAGERS = (LOCAL, LIBRARY, VIRTUALENV)


def _manager(_: click.Context, __: click.Parameter, value: str) -> str:
    """Refuse a manager there is not, before a model is fetched for it."""
    if value not in _MANAGERS:
        raise InvalidInput(
            f"There is no environment manager {value!r} here, only {', '.join(_MANAGERS)}: give "
            f"--env-manager {LOCAL} to run a model with what is installed here, {VIRTUALENV} to have its "
            "packages installed."
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


def environment_of(
    env_manager: str, path: Path, repositories: Sequence[str], overrides: Sequence[str] = ()
) -> Mapping[str, str]:
    """Install what a manager takes care of, and return the variables with which a model's processes find it.

    Parameters
    ----------
    env_manager : str
        One of `LOCAL`, `LIBRARY` and `VIRTUALENV`.
    path : Path
        The model's folder.
    repositories : sequence of str
    overrides : sequence of str
        Python packages that count more than those the model was saved with, whatever the manager.

    Raises
    ------
    InvalidInput
        A library is made for R models only, and this is none; or a model of R has no Python packages.
    ModelError
        The packages cannot be installed.
    """
    if env_manager == LOCAL and not overrides:
        return {}
    # The modules of models take longer to load than `--help` may take.
    from pycore.models import registry
    from pycore.models.requirements import prepare_python
    from pycore.models.spec import PYFUNC, Model

    if overrides:
        if "crate" in (flavors := Model.load(path).flavors) or PYFUNC not in flavors:
            raise InvalidInput("--pip-requirements-override is for Python models, and this is one of R.")
        return prepare_python(path, overrides)
    variables = registry.prepare_environment(path, repositories)
    if variables is not None:
        return variables
    if env_manager == LIBRARY:
        raise InvalidInput(
            "A library is for R models, and this one has the flavors "
            f"{', '.join(sorted(Model.load(path).flavors))}: give --env-manager {VIRTUALENV} to have its "
            f"Python packages installed, {LOCAL} to run it with those that are here."
        )
    return prepare_python(path)


@click.command("prepare-env")
@click.option("-m", "--model-uri", metavar="URI", required=True, help="As for `crateflow models serve`.")
@click.option(
    "--env-manager",
    type=click.Choice(_MANAGERS),
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

    for name, value in environment_of(env_manager, fetch(model_uri), repositories).items():
        click.echo(f"{name}={value}")
