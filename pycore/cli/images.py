"""``crateflow models build-docker`` and ``generate-dockerfile``: containers that score a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "-m",
        "--model-uri",
        metavar="URI",
        help="As for `crateflow models serve`. Without it the image scores with the model that is mounted at "
        "/opt/ml/model when it is run.",
    ),
    click.option(
        "--env-manager",
        help="'local' takes R packages as Debian has them, and builds what it has not; 'library' (or "
        "'virtualenv') builds each in the version the model was saved with. Python packages are always those "
        "of the model's requirements.txt.  [default: local]",
    ),
    click.option(
        "--mlflow-home",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Source tree of Crateflow to put into the image.  [default: what runs here]",
    ),
    click.option(
        "--install-java",
        type=bool,
        help="Whether the image has a Java runtime.  [default: for models of Spark only]",
    ),
    # Of MLflow, whose scripts give it.
    click.option("--install-mlflow", is_flag=True, hidden=True, expose_value=False, help="Has no effect."),
    click.option(
        "--base-image",
        metavar="IMAGE",
        help="Image to start from: of Debian or Ubuntu for R models, with Python 3 for Python models.  "
        "[default: debian:bookworm-slim for R models, else python:<version the model was saved with>-slim]",
    ),
    click.option(
        "--r-repository",
        "r_repositories",
        metavar="URL",
        multiple=True,
        help="Repository of R packages, a dated snapshot for example; may be given several times.  "
        "[default: CRATEFLOW_R_REPOSITORIES, then what the model says]",
    ),
    click.option(
        "--system-package",
        "system_packages",
        metavar="NAME",
        multiple=True,
        help="Further Debian package for the image; may be given several times.",
    ),
)


def _image_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("build-docker")
@click.option("-n", "--name", default="mlflow-pyfunc", show_default=True, help="Name of the image.")
@_image_options
@click.option(
    "--engine",
    type=click.Choice(["docker", "podman", "buildah"]),
    default="docker",
    show_default=True,
    help="What builds the image.",
)
def build_docker(**wishes: Any) -> None:
    """Build an image that scores with a model, an R crate or a Python model, on port 8080.

    Score with it: docker run --rm -p 8080:8080 NAME. In the container, MLFLOW_MODELS_WORKERS and the other
    variables of `crateflow models serve` have their effect. SIGTERM lets running requests end.
    """
    # The clients of model registries take longer to load than `--help` may take.
    from pycore.deploy import images

    images.build_docker(**wishes)


@click.command("generate-dockerfile")
@click.option(
    "-d",
    "--output-directory",
    type=click.Path(path_type=Path),
    default=Path("mlflow-dockerfile"),
    show_default=True,
    help="Folder for the Dockerfile and what it copies, made when it is not there.",
)
@_image_options
def generate_dockerfile(**wishes: Any) -> None:
    """Write the Dockerfile, and the files beside it, that build-docker builds an image from."""
    # See `build_docker`.
    from pycore.deploy import images

    images.generate_dockerfile(**wishes)
