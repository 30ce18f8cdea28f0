"""Where the packages come from that a model runs with: what is here, or what it was saved with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pycore.errors import InvalidInput

#: What is installed here; the R packages that a model was saved with; those, or its Python packages.
LOCAL, LIBRARY, VIRTUALENV = "local", "library", "virtualenv"
MANAGERS = (LOCAL, LIBRARY, VIRTUALENV)


def check_manager(name: str, argument: str) -> str:
    """Return the name of a manager that there is.

    Parameters
    ----------
    name : str
    argument : str
        What the caller calls it, for the message.

    Raises
    ------
    InvalidInput
        There is none of this name.
    """
    if name not in MANAGERS:
        conda = " conda is not used here; virtualenv installs what pip can of a conda.yaml."
        raise InvalidInput(
            f"There is no environment manager {name!r} here, only {', '.join(MANAGERS)}: give {argument} "
            f"{LOCAL} to run a model with what is installed here, {VIRTUALENV} to have its packages "
            f"installed.{conda if name == 'conda' else ''}"
        )
    return name


def prepare_packages(
    manager: str, path: Path, repositories: Sequence[str] = (), overrides: Sequence[str] = ()
) -> Mapping[str, str]:
    """Install what a manager takes care of, and return the variables with which a model's processes find it.

    Parameters
    ----------
    manager : str
        One of `MANAGERS`.
    path : Path
        The model's folder.
    repositories : sequence of str
        Where R packages come from; what is set for the machine, or written in the model, if empty.
    overrides : sequence of str
        Python packages that count more than those the model was saved with, whatever the manager.

    Raises
    ------
    InvalidInput
        A library is made for R models only, and this is none; or a model of R has no Python packages.
    ModelError
        The packages cannot be installed.
    """
    if manager == LOCAL and not overrides:
        return {}
    # The names above are for `--help` too, which may not take as long as loading these does.
    from pycore.models import registry
    from pycore.models.requirements import prepare_python
    from pycore.models.spec import PYFUNC, Model

    if overrides:
        if "crate" in (flavors := Model.load(path).flavors) or PYFUNC not in flavors:
            raise InvalidInput(
                "Requirements in place of a model's own are for Python models; this one is of R."
            )
        return prepare_python(path, overrides)
    variables = registry.prepare_environment(path, repositories)
    if variables is not None:
        return variables
    if manager == LIBRARY:
        raise InvalidInput(
            "A library is for R models, and this one has the flavors "
            f"{', '.join(sorted(Model.load(path).flavors))}: {VIRTUALENV} in its place has its Python "
            f"packages installed, {LOCAL} runs it with those that are here."
        )
    return prepare_python(path)
