"""Models of TensorFlow: those of Keras, and modules saved as SavedModel.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors import keras as keras_flavor
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.flavor import PythonFlavor
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model, inside
from pycore.tracking import model_loading, model_logging

FLAVOR_NAME = "tensorflow"

_KERAS = "keras"
_MODULE = "tf2-module"
_MODULE_FOLDER = "tf2model"


@checked
def save_model(model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any) -> None:
    """Save a model of Keras or a module into a new folder.

    Parameters
    ----------
    model : keras.Model or tensorflow.Module
        Of a module, the functions with an `input_signature` are saved.
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
        It is neither, or an argument cannot be used.
    """
    import tensorflow as tf  # an extra brings it; the flavor is found without

    is_keras = isinstance(model, tf.keras.Model)
    if is_keras:
        keras_flavor.check_is_model(model)
    elif not isinstance(model, tf.Module):
        raise InvalidInput(f"model must be a keras.Model or tensorflow.Module, not a {type(model).__name__}.")

    def write(folder: Path, mlmodel: Model) -> None:
        if is_keras:
            data = folder / keras_flavor.DATA
            data.mkdir()
            model.save(data / keras_flavor.MODEL_FILE)
            (data / "keras_module.txt").write_text("tensorflow.keras", encoding="utf-8")
            (data / "save_format.txt").write_text("tf", encoding="utf-8")
            mlmodel.add_flavor(PYFUNC, pyfunc_section("mlflow.tensorflow", data=keras_flavor.DATA))
            mlmodel.add_flavor(
                FLAVOR_NAME,
                code=None,
                data=keras_flavor.DATA,
                keras_version=tf.__version__,
                model_type=_KERAS,
                save_format="tf",
            )
        else:
            tf.saved_model.save(model, str(folder / _MODULE_FOLDER))
            mlmodel.add_flavor(PYFUNC, pyfunc_section("mlflow.tensorflow"))
            mlmodel.add_flavor(FLAVOR_NAME, code=None, model_type=_MODULE, saved_model_dir=_MODULE_FOLDER)

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a model of Keras or a module into the artifacts of the active run.

    Parameters
    ----------
    model : keras.Model or tensorflow.Module
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, model), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None, **options: Any) -> Any:
    """Load a model of Keras, or what a module's SavedModel restores.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.
    options
        Those of ``keras.saving.load_model``, for a model of Keras.

    Raises
    ------
    InvalidModel
        The folder holds no model of TensorFlow, or one that cannot be read.
    """
    path, model = model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path)
    if _type(model) == _KERAS:
        return keras_flavor.load_file(_data(path, model), **options)
    return _load_module(path, model)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return keras_flavor.get_default_pip_requirements()


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _ModuleModel:
    """What a SavedModel restores, called with tensors: a dict of arrays by name, or one array."""

    row_wise = False

    def __init__(self, module: Any) -> None:
        self._module = module

    def predict(self, data: Any) -> Any:
        import tensorflow as tf  # as above

        if isinstance(data, pd.DataFrame):
            data = {name: data[name].to_numpy() for name in data.columns}
        if isinstance(data, Mapping):
            given = {name: tf.convert_to_tensor(value) for name, value in data.items()}
        else:
            given = tf.convert_to_tensor(np.asarray(data))
        try:
            result = self._module(given)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"The model does not take these tensors: {error}") from error
        if isinstance(result, Mapping):
            return {name: np.asarray(value) for name, value in result.items()}
        return np.asarray(result)

    def get_raw_model(self) -> Any:
        return self._module


def _load_pyfunc(path: Path, model: Model) -> keras_flavor.KerasModel | _ModuleModel:
    if _type(model) == _KERAS:
        return keras_flavor.KerasModel(keras_flavor.load_file(_data(path, model), compile=False))
    return _ModuleModel(_load_module(path, model))


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc)


def _type(model: Model) -> str:
    found = str(model.flavors.get(FLAVOR_NAME, {}).get("model_type", _MODULE))
    if found not in (_KERAS, _MODULE):
        raise InvalidModel(f"MLmodel: model_type of tensorflow is {_KERAS} or {_MODULE}, not {found!r}.")
    return found


def _data(path: Path, model: Model) -> Path:
    return inside(path, model.flavors.get(FLAVOR_NAME, {}).get("data"), "data")


def _load_module(path: Path, model: Model) -> Any:
    import tensorflow as tf  # as above

    section = model.flavors.get(FLAVOR_NAME, {})
    folder = inside(path, section.get("saved_model_dir"), "saved_model_dir")
    try:
        return tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise InvalidModel(f"TensorFlow {tf.__version__} cannot read {folder.name}: {error}") from error
