"""Forecasts of Prophet, in its own JSON.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

import json
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors.library_flavor import LibraryFlavor
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import LibraryModel
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_logging

FLAVOR_NAME = "prophet"

_MODEL_FILE = "model.pr"


@checked
def save_model(
    pr_model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any
) -> None:
    """Save a fitted forecast into a new folder.

    Parameters
    ----------
    pr_model : prophet.Prophet
    path : path
        Must not exist, or be empty.
    mlflow_model : Model, optional
        To fill in.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        It is no fitted Prophet, or an argument cannot be used.
    """
    import prophet  # an extra brings it; the flavor is found without
    from prophet.serialize import model_to_json

    if not isinstance(pr_model, prophet.Prophet) or pr_model.history is None:
        raise InvalidInput(f"pr_model must be a fitted prophet.Prophet, not a {type(pr_model).__name__}.")

    def write(folder: Path, model: Model) -> None:
        # MLflow's files hold the JSON of a string that is itself JSON.
        (folder / _MODEL_FILE).write_text(json.dumps(model_to_json(pr_model)), encoding="utf-8")
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.prophet", data=_MODEL_FILE))
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            data=_MODEL_FILE,
            model_type=type(pr_model).__name__,
            prophet_version=version("prophet"),
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(pr_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a fitted forecast into the artifacts of the active run.

    Parameters
    ----------
    pr_model : prophet.Prophet
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, pr_model), artifact_path, **options)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["prophet", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


def _load(path: Path, model: Model) -> Any:
    from prophet.serialize import model_from_json  # as above

    file = model.data_path(path, FLAVOR_NAME)
    try:
        return model_from_json(json.loads(file.read_text(encoding="utf-8")))
    # Its reader looks up whatever the JSON should hold.
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidModel(f"{file.name} is no forecast that Prophet can read: {error!r}.") from error


#: Loads what `save_model` and MLflow's flavor saved.
#: Not by rows, since it sorts the dates it is asked for.
FLAVOR = LibraryFlavor(FLAVOR_NAME, _load, wrap=partial(LibraryModel, row_wise=False))
load_model = FLAVOR.load_model
