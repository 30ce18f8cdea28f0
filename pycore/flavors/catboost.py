"""Models of CatBoost: its models and the estimators of its scikit-learn interface, in its own format.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

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

FLAVOR_NAME = "catboost"

_MODEL_FILE = "model.cb"
_FORMAT = "cbm"
#: The classes that CatBoost saves; a user's subclass is saved as the one it extends.
_CLASSES = ("CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor", "CatBoost")


@checked
def save_model(
    cb_model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any
) -> None:
    """Save a trained model into a new folder.

    Parameters
    ----------
    cb_model : catboost.CatBoost or a class of its own that extends it
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
        It is no trained model of CatBoost, or an argument cannot be used.
    """
    import catboost  # an extra brings it; the flavor is found without

    model_type = next((name for name in _CLASSES if isinstance(cb_model, getattr(catboost, name))), None)
    if model_type is None or not cb_model.is_fitted():
        raise InvalidInput(f"cb_model must be a trained model of catboost, not {type(cb_model)!r}.")

    def write(folder: Path, model: Model) -> None:
        cb_model.save_model(str(folder / _MODEL_FILE), format=_FORMAT)
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.catboost", data=_MODEL_FILE))
        model.add_flavor(
            FLAVOR_NAME,
            catboost_version=version("catboost"),
            code=None,
            data=_MODEL_FILE,
            model_type=model_type,
            save_format=_FORMAT,
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(cb_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a trained model into the artifacts of the active run.

    Parameters
    ----------
    cb_model : catboost.CatBoost or a class of its own that extends it
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, cb_model), artifact_path, **options)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["catboost", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


def _load(path: Path, model: Model) -> Any:
    import catboost  # as above

    section = model.flavors.get(FLAVOR_NAME, {})
    file = model.data_path(path, FLAVOR_NAME)
    model_type = section.get("model_type", "CatBoost")
    if model_type not in _CLASSES:
        raise InvalidModel(
            f"MLmodel names the class {model_type!r}; those of catboost are {', '.join(_CLASSES)}."
        )
    try:
        return getattr(catboost, model_type)().load_model(
            str(file), format=section.get("save_format", _FORMAT)
        )
    except catboost.CatBoostError as error:
        raise InvalidModel(f"CatBoost {catboost.__version__} cannot read {file.name}: {error}") from error


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = LibraryFlavor(FLAVOR_NAME, _load, wrap=partial(LibraryModel, row_wise=True))
load_model = FLAVOR.load_model
