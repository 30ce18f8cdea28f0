"""The logged model that a thread works on: metrics are noted with it too, and its params by default."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pycore import config
from pycore.entities import LoggedModel
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking import fluent_logged_models
from pycore.tracking.mlflow_client import MlflowClient


@dataclass(frozen=True)
class ActiveModel(LoggedModel):
    """A logged model as it was when it became the active one; `get_logged_model` has the present state.

    As a context manager it makes the model before it the active one again.
    """

    _before: str | None = field(default=None, repr=False)

    def __enter__(self) -> ActiveModel:
        return self

    def __exit__(self, *_: object) -> None:
        _chosen.model_id = self._before


class _Chosen(threading.local):
    model_id: str | None = None


_chosen = _Chosen()


@checked
def set_active_model(*, name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Make a logged model the one that this thread works on.

    Parameters
    ----------
    name : str, optional
        Of a model in the active experiment, the latest of this name; made when there is none, as one
        whose files are kept elsewhere.
    model_id : str, optional

    Raises
    ------
    InvalidInput
        Not exactly one of both is given.
    NotFound
        There is no logged model of this id.
    """
    if (name is None) == (model_id is None):
        raise InvalidInput("set_active_model takes either name or model_id.")
    if model_id is not None:
        model = fluent_logged_models.get_logged_model(model_id)
    else:
        model = fluent_logged_models.latest_of_name(str(name)) or fluent_logged_models.create_external_model(
            name
        )
    active = ActiveModel(**dict(model), _before=_chosen.model_id)
    _chosen.model_id = active.model_id
    return active


def get_active_model_id() -> str | None:
    """Return the id of this thread's active model, else that of MLFLOW_ACTIVE_MODEL_ID, else None."""
    return _chosen.model_id or config.ACTIVE_MODEL_ID.get()


def clear_active_model() -> None:
    """Let this thread work on no logged model; that of the environment is forgotten for the process."""
    _chosen.model_id = None
    os.environ.pop(config.ACTIVE_MODEL_ID.name, None)


@checked
def log_model_params(params: Mapping[str, Any], model_id: str | None = None) -> None:
    """Write parameters of a logged model, the active one where none is named, each once.

    Raises
    ------
    InvalidInput
        No model is named, and none is active.
    """
    model_id = model_id or get_active_model_id()
    if model_id is None:
        raise InvalidInput("log_model_params needs model_id, or a model chosen with set_active_model.")
    MlflowClient().log_model_params(model_id, params)
