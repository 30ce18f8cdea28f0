"""What a container needs in order to run a model, besides Crateflow: each flavor knows its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ImageNeeds:
    """What an image must have for models of a flavor.

    Parameters
    ----------
    extra : str
        Of Crateflow's own distribution: what pip installs with it.
    python_packages : bool
        What the model's ``requirements.txt`` names is needed too.
    base_image : str, optional
        Image of Debian or Ubuntu to start from; one of Python if it is absent.
    packages : tuple of str
        Debian packages of the finished image.
    packages_if_offered : tuple of str
        Those as well that the base image's release has.
    build_packages : tuple of str
        Debian packages to build with, which the finished image has no more.
    files : mapping of str to Path
        Files for the build, by the name they have in the folder where its commands run.
    commands : tuple of tuple of str
        What the build runs there: programs with their arguments.
    built : tuple of str
        Folders that the commands fill.
    java : bool
        A Java runtime is needed.
    """

    extra: str = "models"
    python_packages: bool = True
    base_image: str | None = None
    packages: tuple[str, ...] = ()
    packages_if_offered: tuple[str, ...] = ()
    build_packages: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    built: tuple[str, ...] = ()
    java: bool = False
