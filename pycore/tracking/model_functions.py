"""The functions of ``mlflow.models`` that take a model URI."""

from __future__ import annotations

from pycore.models.model_info import ModelInfo
from pycore.models.spec import MLMODEL, Model
from pycore.tracking import model_uris


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
