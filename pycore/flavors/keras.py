"""Models of Keras 3, whatever library computes them, in its own format.

The folders are those of MLflow's flavor of the same name, which loads them. Its folders load here, those
of MLflow 1 and of the official R client included.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import installed_distribution, pinned
from pycore.models.flavor import PythonFlavor
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_loading, model_logging

FLAVOR_NAME = "keras"

DATA = "data"
MODEL_FILE = "model.keras"
#: Where a folder may keep the model, below what MLmodel names as data, the usual place first.
_MODEL_FILES = (MODEL_FILE, "model.h5")
#: The distributions of a backend; those of TensorFlow for one kind of processor have names of their own.
_BACKENDS = {"jax": ("jax",), "tensorflow": ("tensorflow", "tensorflow-cpu"), "torch": ("torch",)}


@checked
def save_model(model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any) -> None:
    """Save a model into a new folder.

    Parameters
    ----------
    model : keras.Model
        Built: it has its weights.
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
        It is no built model, or an argument cannot be used.
    """
    import keras  # an extra brings it; the flavor is found without

    check_is_model(model)

    def write(folder: Path, mlmodel: Model) -> None:
        (folder / DATA).mkdir()
        (folder / DATA / "keras_module.txt").write_text("keras", encoding="utf-8")
        model.save(folder / DATA / MODEL_FILE)
        mlmodel.add_flavor(PYFUNC, pyfunc_section("mlflow.keras"))
        mlmodel.add_flavor(
            FLAVOR_NAME,
            data=DATA,
            keras_backend=keras.backend.backend(),
            keras_version=keras.__version__,
            save_exported_model=False,
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a model into the artifacts of the active run.

    Parameters
    ----------
    model : keras.Model
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, model), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None, **options: Any) -> Any:
    """Load a model.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.
    options
        Those of ``keras.saving.load_model``, such as `custom_objects`.

    Raises
    ------
    InvalidModel
        The folder holds no model of Keras, or one that cannot be read.
    """
    path, model = model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path)
    return _load(path, model, **options)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model, the library that computes it included."""
    import keras  # as above

    backend = keras.backend.backend()
    return pinned(["keras", installed_distribution(_BACKENDS.get(backend, (backend,))), "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class KerasModel:
    """A model that takes frames, arrays and dicts of arrays; a frame in gives a frame out.

    Parameters
    ----------
    model : keras.Model
    """

    row_wise = True

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, data: Any) -> Any:
        """Score rows."""
        if not isinstance(data, pd.DataFrame):
            return self._model.predict(data, verbose=0)
        result = self._model.predict(data.to_numpy(dtype=np.float32), verbose=0)
        return pd.DataFrame(result, index=data.index)

    def get_raw_model(self) -> Any:
        """Return the model of Keras."""
        return self._model


def check_is_model(model: Any) -> None:
    """Refuse what is no model of Keras with its weights.

    Raises
    ------
    InvalidInput
        It is none.
    """
    import keras  # as above

    if not isinstance(model, keras.Model):
        raise InvalidInput(f"model must be a keras.Model, not a {type(model).__name__}.")
    if not model.built:
        raise InvalidInput("The model has no weights yet: build it, or fit it, before it is saved.")


def load_file(data: Path, **options: Any) -> Any:
    """Load a model's file, or the one in a folder.

    Raises
    ------
    InvalidModel
        There is none, or Keras cannot read it.
    """
    import keras  # as above

    files = (data / name for name in _MODEL_FILES) if data.is_dir() else iter((data,))
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise InvalidModel(
            f"{data.name} holds none of the files {', '.join(_MODEL_FILES)}, which Keras "
            f"{keras.__version__} reads. Save the model again in one of these formats."
        )
    try:
        return keras.saving.load_model(file, **options)
    # What a damaged archive raises depends on where the damage is.
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InvalidModel(f"Keras {keras.__version__} cannot read {file.name}: {error}") from error


def _load_pyfunc(path: Path, model: Model) -> KerasModel:
    return KerasModel(_load(path, model, compile=False))


#: Loads what `save_model`, MLflow's flavor and the official R client saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc)


def _load(path: Path, model: Model, **options: Any) -> Any:
    return load_file(model.data_path(path, FLAVOR_NAME), **options)
