"""What an image is made of: the model's needs, and the wishes of who builds it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pycore.errors import InvalidInput, InvalidModel
from pycore.models import registry
from pycore.models.environment import PYTHON_ENV
from pycore.models.flavor import Containable
from pycore.models.image_needs import ImageNeeds
from pycore.models.spec import PYFUNC, Model

#: What is at hand, or the versions that the model was saved with. Python packages are always the latter.
LOCAL, EXACT = ("local",), ("library", "virtualenv")
_JAVA = "default-jre-headless"
_PYTHON = re.compile(r"(3\.\d+)(\.\w+)*")


@dataclass(frozen=True)
class ImageOptions:
    """The wishes of who builds an image.

    Parameters
    ----------
    env_manager : str
        One of `LOCAL` and `EXACT`: R packages in any version, or in those that the model was saved with.
    mlflow_home : Path, optional
        Source tree of Crateflow to put into the image, in place of what runs here.
    install_java : bool, optional
        Whether there is a Java runtime, where the model's flavor is not to decide.
    base_image : str, optional
        Image to start from: of Debian or Ubuntu for R models, with Python 3 for Python models.
    repositories : sequence of str
        Where R packages come from that the base image's release has not.
    system_packages : sequence of str
        Further Debian packages.

    Raises
    ------
    InvalidInput
        There is no such environment manager.
    """

    env_manager: str = LOCAL[0]
    mlflow_home: Path | None = None
    install_java: bool | None = None
    base_image: str | None = None
    repositories: Sequence[str] = ()
    system_packages: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.env_manager not in (*LOCAL, *EXACT):
            raise InvalidInput(
                f"There is no environment manager {self.env_manager!r} for images, only "
                f"{', '.join((*LOCAL, *EXACT))}: an image is an environment of its own already."
            )


@dataclass(frozen=True)
class Recipe:
    """What goes into an image, before Crateflow and the model themselves.

    Parameters
    ----------
    base_image : str
    extras : str
        Of Crateflow, with commas between.
    needs : ImageNeeds
        The flavor's; its packages are complete.
    """

    base_image: str
    extras: str
    needs: ImageNeeds


def recipe_for(path: Path, options: ImageOptions) -> Recipe:
    """Return what the image for a model is made of.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder does not say what it needs, or nothing that is installed here can read it.
    """
    model = Model.load(path)
    name = registry.flavor_of(model)
    flavor = None if name is None else registry.find(name)
    needs = ImageNeeds()
    if isinstance(flavor, Containable):
        needs = flavor.image_needs(path, options.env_manager in EXACT, options.repositories)
    base_image = needs.base_image or f"python:{_python_of(path, model)}-slim"
    return _recipe(base_image, needs.extra, needs, options)


def recipe_for_any(options: ImageOptions) -> Recipe:
    """Return what an image is made of that gets its model when it is run."""
    all_needs = [
        flavor.image_needs(None, True, options.repositories)
        for flavor in map(registry.find, registry.names())
        if isinstance(flavor, Containable)
    ]
    packages = dict.fromkeys(name for needs in all_needs for name in needs.packages)
    extras = dict.fromkeys(needs.extra for needs in all_needs)
    base_image = next((needs.base_image for needs in all_needs if needs.base_image), None)
    return _recipe(
        base_image or f"python:{sys.version_info.major}.{sys.version_info.minor}-slim",
        ",".join(extras),
        ImageNeeds(packages=tuple(packages)),
        options,
    )


def _recipe(base_image: str, extras: str, needs: ImageNeeds, options: ImageOptions) -> Recipe:
    java = needs.java if options.install_java is None else options.install_java
    packages = (*needs.packages, *((_JAVA,) if java else ()), *options.system_packages)
    return Recipe(options.base_image or base_image, extras, replace(needs, packages=packages))


def _python_of(path: Path, model: Model) -> str:
    """Return the Python that a model was saved with, as images are called; else the one that runs here."""
    recorded = next(_recorded_pythons(path, model), platform.python_version())
    found = _PYTHON.fullmatch(recorded)
    if found is None:
        raise InvalidModel(
            f"The model was saved with Python {recorded!r}: expected a version such as 3.11.4."
        )
    return found[1]


def _recorded_pythons(path: Path, model: Model) -> Iterator[str]:
    file = path / PYTHON_ENV
    if file.is_file():
        try:
            content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InvalidModel(f"{file} cannot be read: {error}") from error
        if isinstance(content, dict) and content.get("python"):
            yield str(content["python"])
    version = model.flavors.get(PYFUNC, {}).get("python_version")
    if version:
        yield str(version)
