"""Images that score a model, for users of Python and of the command line."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pycore.deploy.context import write_context
from pycore.deploy.engine import ENGINES, ContainerEngine
from pycore.deploy.recipe import LOCAL, ImageOptions
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.models.save import new_folder
from pycore.tracking import model_uris

__all__ = ["build_docker", "generate_dockerfile"]


@checked
def build_docker(
    model_uri: str | Path | None = None,
    name: str = "mlflow-pyfunc",
    env_manager: str | None = None,
    mlflow_home: str | Path | None = None,
    install_java: bool | None = None,
    install_mlflow: bool = False,
    enable_mlserver: bool = False,
    base_image: str | None = None,
    *,
    r_repositories: Sequence[str] = (),
    system_packages: Sequence[str] = (),
    engine: str = ENGINES[0],
) -> None:
    """Build a container image that scores with a model on port 8080, a Python model or an R crate.

    Parameters
    ----------
    model_uri : str or path, optional
        Without it the image scores with the model that is mounted at ``/opt/ml/model`` when it is run.
    name : str
        Of the image.
    env_manager : str, optional
        ``local``, the default, takes R packages as Debian has them, and builds what it has not;
        ``library`` or ``virtualenv`` builds each in the version the model was saved with. Python packages
        are always those of the model's ``requirements.txt``.
    mlflow_home : path, optional
        Source tree of Crateflow to put into the image, in place of what runs here.
    install_java : bool, optional
        Put a Java runtime in, or leave it out, where the model's flavor is not to decide.
    install_mlflow : bool
        Has no effect: whatever the model names is installed.
    enable_mlserver : bool
        Refused: the image answers with Crateflow's own scoring server.
    base_image : str, optional
        Image to start from: of Debian or Ubuntu for R models, with Python 3 for Python models.
    r_repositories : sequence of str
        Addresses of repositories of R packages; by default those of the setting, then the model's own.
    system_packages : sequence of str
        Further Debian packages.
    engine : str
        ``docker``, ``podman`` or ``buildah``.

    Raises
    ------
    Unavailable
        There is no such engine here, or it cannot build now.
    MlflowException
        The build failed; the engine has said why.
    """
    if enable_mlserver:
        raise InvalidInput("enable_mlserver is not supported: the image has Crateflow's own scoring server.")
    if engine not in ENGINES:
        raise InvalidInput(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}.")
    options = _options(env_manager, mlflow_home, install_java, base_image, r_repositories, system_packages)
    # Known to be there before a model is fetched for it.
    builder = ContainerEngine(engine)
    with tempfile.TemporaryDirectory(prefix="crateflow-image-") as folder:
        _write(Path(folder), model_uri, options)
        _tell(f"Building docker image with name {name}")
        builder.build(Path(folder), name)


@checked
def generate_dockerfile(
    model_uri: str | Path | None = None,
    output_directory: str | Path = "mlflow-dockerfile",
    env_manager: str | None = None,
    mlflow_home: str | Path | None = None,
    install_java: bool | None = None,
    install_mlflow: bool = False,
    base_image: str | None = None,
    *,
    r_repositories: Sequence[str] = (),
    system_packages: Sequence[str] = (),
) -> None:
    """Write the folder that `build_docker` would have an image built from.

    Parameters
    ----------
    model_uri
        As for `build_docker`, and so are the others that are not named here.
    output_directory : path
        Must not exist, or be empty.

    Raises
    ------
    AlreadyExists
        There are files in `output_directory`.
    """
    options = _options(env_manager, mlflow_home, install_java, base_image, r_repositories, system_packages)
    with new_folder(Path(output_directory)) as folder:
        _tell(f"Generating Dockerfile for model {model_uri}" if model_uri else "Generating Dockerfile")
        _write(folder, model_uri, options)
    _tell(f"Generated Dockerfile in directory {output_directory}")


def _options(
    env_manager: str | None,
    mlflow_home: str | Path | None,
    install_java: bool | None,
    base_image: str | None,
    repositories: Sequence[str],
    system_packages: Sequence[str],
) -> ImageOptions:
    home = None if mlflow_home is None else Path(mlflow_home)
    manager = env_manager or LOCAL[0]
    return ImageOptions(manager, home, install_java, base_image, repositories, system_packages)


def _write(folder: Path, model_uri: str | Path | None, options: ImageOptions) -> None:
    source = None if model_uri is None else model_uris.fetch(str(model_uri))
    name = "" if source is None else source.resolve().name
    write_context(folder, source, name, options)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
