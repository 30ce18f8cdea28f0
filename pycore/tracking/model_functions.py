"""The functions of ``mlflow.models`` that take a model URI."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pycore.artifacts import transfer
from pycore.artifacts.run_artifacts import RunsUri
from pycore.artifacts.stores import is_local, scheme_of
from pycore.errors import InvalidInput, NotFound
from pycore.models.arguments import checked
from pycore.models.environment import CONDA_ENV, REQUIREMENTS
from pycore.models.model_info import ModelInfo
from pycore.models.requirements import write_requirements
from pycore.models.signature import ModelSignature
from pycore.models.spec import MLMODEL, Model
from pycore.tracking import model_uris
from pycore.tracking.mlflow_client import MlflowClient


@checked
def get_model_info(model_uri: str | Path) -> ModelInfo:
    """Return what a model's MLmodel file says; nothing else of the model is fetched or loaded.

    Raises
    ------
    NotFound
        No model lies there.
    InvalidModel
        The file cannot be read.
    """
    root = str(model_uri)
    return Model.load(model_uris.fetch(f"{root.rstrip('/')}/{MLMODEL}")).get_model_info(root)


@checked
def set_signature(model_uri: str | Path, signature: ModelSignature) -> None:
    """Give a logged or saved model another signature.

    Parameters
    ----------
    model_uri : str or path
        ``runs:/<run id>/<path>``, or a local folder.
    signature : ModelSignature

    Raises
    ------
    InvalidInput
        The model is registered, and a version never changes; or `signature` is none.
    NotFound, InvalidModel
        No model lies there, or one that cannot be read.
    """
    if not isinstance(signature, ModelSignature):
        raise InvalidInput(f"signature must be a ModelSignature, not a {type(signature).__name__}.")

    def write(folder: Path) -> list[Path]:
        model = Model.load(folder)
        model.signature = signature
        model.save(folder)
        return [folder / MLMODEL]

    _change(str(model_uri), (MLMODEL,), write)


@checked
def update_model_requirements(
    model_uri: str | Path, operation: Literal["add", "remove"], requirement_list: Sequence[str]
) -> None:
    """Change which Python packages a logged or saved model is said to need.

    Parameters
    ----------
    model_uri : str or path
        As for `set_signature`.
    operation : {"add", "remove"}
        ``add`` puts a requirement in the place of the one for the same package.
    requirement_list : list of str
        Such as ``pandas==2.2.0``; what is to be removed needs no version.

    Raises
    ------
    InvalidInput
        A text is no requirement, the model names no packages, or it is registered.
    NotFound, InvalidModel
        No model lies there, or one that cannot be read.
    """
    if operation not in ("add", "remove"):
        raise InvalidInput(f"operation must be 'add' or 'remove', not {operation!r}.")
    if not requirement_list:
        raise InvalidInput("requirement_list must name requirements; it is empty.")

    def write(folder: Path) -> list[Path]:
        return write_requirements(folder, **{operation: requirement_list})

    _change(str(model_uri), (MLMODEL, REQUIREMENTS, CONDA_ENV), write)


def _change(model_uri: str, names: Sequence[str], write: Callable[[Path], list[Path]]) -> None:
    """Have files of a model written anew: in place, or in a copy whose files are then put in their place."""
    scheme = scheme_of(model_uri)
    if scheme == "models":
        raise InvalidInput(
            f"{model_uri!r} is a registered version, which never changes. Change the run's model "
            "(runs:/<run id>/<path>), then register it again."
        )
    root = model_uri.rstrip("/")
    if is_local(model_uri):
        write(model_uris.fetch(f"{root}/{MLMODEL}").parent)
        return
    tracking = MlflowClient().tracking
    store = tracking.artifacts.open(RunsUri.parse(root).resolve(tracking) if scheme == "runs" else root)
    with tempfile.TemporaryDirectory(prefix="crateflow-") as temporary:
        for name in names:
            with suppress(NotFound):
                model_uris.fetch(f"{root}/{name}", temporary)
        Model.load(Path(temporary))
        for file in write(Path(temporary)):
            transfer.upload_file(store, file)
