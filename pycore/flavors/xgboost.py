"""Models of XGBoost: boosters and the estimators of its scikit-learn interface, in its own formats.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here,
those of the official R client included.
"""

from __future__ import annotations

import importlib
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors.library_flavor import LibraryFlavor
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import installed_distribution, pinned
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_logging

FLAVOR_NAME = "xgboost"

#: By the format's name, which is also the suffix.
_FORMATS = ("ubj", "json")
_BOOSTER = "xgboost.core.Booster"
#: Two distributions hold the same library, one of them without code for graphics cards.
_DISTRIBUTIONS = ("xgboost", "xgboost-cpu")


@checked
def save_model(
    xgb_model: Any,
    path: str | Path,
    *,
    model_format: str = "ubj",
    mlflow_model: Model | None = None,
    **companions: Any,
) -> None:
    """Save a booster or an estimator into a new folder.

    Parameters
    ----------
    xgb_model : xgboost.Booster or estimator
    path : path
        Must not exist, or be empty.
    model_format : {"ubj", "json"}
    mlflow_model : Model, optional
        To fill in.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        It is no model of XGBoost, or an argument cannot be used.
    """
    if model_format not in _FORMATS:
        raise InvalidInput(f"model_format is one of {', '.join(_FORMATS)}, not {model_format!r}.")
    model_class = _class_name(xgb_model)
    file = f"model.{model_format}"

    def write(folder: Path, model: Model) -> None:
        xgb_model.save_model(folder / file)
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.xgboost", data=file))
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            data=file,
            model_class=model_class,
            model_format=model_format,
            xgb_version=version(installed_distribution(_DISTRIBUTIONS)),
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(xgb_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a booster or an estimator into the artifacts of the active run.

    Parameters
    ----------
    xgb_model : xgboost.Booster or estimator
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, xgb_model), artifact_path, **options)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned([installed_distribution(_DISTRIBUTIONS), "scikit-learn", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _XgboostModel:
    """A booster or estimator that takes frames, arrays and sparse matrices alike."""

    row_wise = True

    def __init__(self, model: Any) -> None:
        import xgboost  # an extra brings it; the flavor is found without

        self._model = model
        self._matrix = xgboost.DMatrix
        self._is_booster = isinstance(model, xgboost.Booster)
        booster = model if self._is_booster else model.get_booster()
        self._names: list[str] | None = booster.feature_names
        self._types: list[str] | None = booster.feature_types

    def predict(self, data: Any) -> Any:
        if not self._is_booster:
            return self._model.predict(self._named(data))
        if hasattr(data, "columns"):
            categorical = "c" in (self._types or ())
            return self._model.predict(self._matrix(data, enable_categorical=categorical))
        # Rows without names are meant in the order the model was trained in.
        return self._model.predict(self._matrix(data, feature_names=self._names))

    def get_raw_model(self) -> Any:
        return self._model

    def _named(self, data: Any) -> Any:
        if self._names is None or not isinstance(data, np.ndarray):
            return data
        import pandas as pd  # as above

        return pd.DataFrame(data, columns=self._names)


def _load(path: Path, model: Model) -> Any:
    section = model.flavors.get(FLAVOR_NAME, {})
    file = model.data_path(path, FLAVOR_NAME)
    loaded = _class_of(str(section.get("model_class") or _BOOSTER))()
    import xgboost  # as above

    try:
        # By its name a file of MLflow 2, model.xgb, is unknown to XGBoost 3; its bytes say what it is.
        loaded.load_model(bytearray(file.read_bytes()))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise InvalidModel(f"XGBoost {xgboost.__version__} cannot read {file.name}: {error}") from error
    return loaded


#: Loads what `save_model`, MLflow's flavor and the official R client saved.
FLAVOR = LibraryFlavor(FLAVOR_NAME, _load, wrap=_XgboostModel)
load_model = FLAVOR.load_model


def _class_name(xgb_model: Any) -> str:
    """Return the import path of the class, or of the class of XGBoost that it extends."""
    for kind in type(xgb_model).__mro__:
        if kind.__module__.partition(".")[0] == "xgboost" and hasattr(kind, "save_model"):
            return f"{kind.__module__}.{kind.__qualname__}"
    raise InvalidInput(f"xgb_model must be a Booster or an estimator of xgboost, not {type(xgb_model)!r}.")


def _class_of(name: str) -> Any:
    """Return the class of an import path; MLmodel may name those of the library only."""
    module, _, kind = name.rpartition(".")
    if module.partition(".")[0] != "xgboost":
        raise InvalidModel(f"MLmodel names the class {name!r}, which is none of xgboost.")
    found = getattr(importlib.import_module(module), kind, None)
    if found is None:
        raise InvalidModel(f"The installed xgboost has no class {name!r}, which MLmodel names.")
    return found
