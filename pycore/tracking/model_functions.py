"""The functions of ``mlflow.models`` that take a model URI."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pycore.artifacts import transfer
from pycore.artifacts.run_artifacts import RunsUri
from pycore.artifacts.stores import scheme_of
from pycore.errors import InvalidInput
from pycore.models.model_info import ModelInfo
from pycore.models.signature import ModelSignature
from pycore.models.spec import MLMODEL, Model
from pycore.tracking import model_uris
from pycore.tracking.mlflow_client import MlflowClient


def get_model_info(model_uri: str) -> ModelInfo:
    """Return what a model's MLmodel file says; nothing else of the model is fetched or loaded.

    Raises
    ------
    NotFound
        No model lies there.
    InvalidModel
        The file cannot be read.
    """
    return Model.load(model_uris.fetch(f"{model_uri.rstrip('/')}/{MLMODEL}")).get_model_info(model_uri)


def set_signature(model_uri: str, signature: ModelSignature) -> None:
    """Give a logged or saved model another signature.

    Parameters
    ----------
    model_uri : str
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
    scheme = scheme_of(model_uri)
    if scheme == "models":
        raise InvalidInput(
            f"{model_uri!r} is a registered version, which never changes. Set the signature of the run's "
            "model (runs:/<run id>/<path>), then register it again."
        )
    file = model_uris.fetch(f"{model_uri.rstrip('/')}/{MLMODEL}")
    model = Model.load(file)
    model.signature = signature
    if scheme != "runs":
        model.save(file)
        return
    tracking = MlflowClient().tracking
    store = tracking.artifacts.open(RunsUri.parse(model_uri).resolve(tracking))
    with tempfile.TemporaryDirectory(prefix="crateflow-") as temporary:
        model.save(Path(temporary))
        transfer.upload_file(store, Path(temporary, MLMODEL))
