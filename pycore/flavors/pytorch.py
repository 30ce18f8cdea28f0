"""Modules of PyTorch, pickled, and programs that `torch.export` traced.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors.pytorch_checkpoints import load_checkpoint as load_checkpoint
from pycore.models import pickled
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import PythonFlavor
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import fluent_logging, model_loading, model_logging, model_uris

FLAVOR_NAME = "pytorch"

_DATA = "data"
_PICKLED_FILE = "model.pth"
_EXPORTED_FILE = "model.pt2"
_PICKLE_MODULE_FILE = "pickle_module_info.txt"
_STATE_FILE = "state_dict.pth"
#: What MLflow's reader imports to unpickle.
_PICKLE_MODULE = "mlflow.pytorch.pickle_module"


@checked
def save_model(
    pytorch_model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any
) -> None:
    """Save a module or an exported program into a new folder.

    Parameters
    ----------
    pytorch_model : torch.nn.Module or torch.export.ExportedProgram
        A module is pickled, its class too if it is one of the main script. An exported program needs no
        pickle, neither here nor where it is loaded.
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
        It is neither, it cannot be pickled, or an argument cannot be used.
    """
    import torch  # an extra brings it; the flavor is found without

    if not isinstance(pytorch_model, torch.nn.Module | torch.export.ExportedProgram):
        raise InvalidInput(
            "pytorch_model must be a torch.nn.Module or what torch.export.export returned, "
            f"not a {type(pytorch_model).__name__}."
        )

    def write(folder: Path, model: Model) -> None:
        (folder / _DATA).mkdir()
        if isinstance(pytorch_model, torch.nn.Module):
            _pickle(pytorch_model, folder / _DATA)
        else:
            torch.export.save(pytorch_model, folder / _DATA / _EXPORTED_FILE)
        section = pyfunc_section("mlflow.pytorch", data=_DATA, pickle_module_name=_PICKLE_MODULE)
        model.add_flavor(PYFUNC, section | {"config": {"device": None}})
        model.add_flavor(FLAVOR_NAME, code=None, model_data=_DATA, pytorch_version=version("torch"))

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(pytorch_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a module or an exported program into the artifacts of the active run.

    Parameters
    ----------
    pytorch_model : torch.nn.Module or torch.export.ExportedProgram
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, pytorch_model), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None, **options: Any) -> Any:
    """Load a module; of an exported program, the module that runs it.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.
    options
        Those of ``torch.load``, such as `map_location`.

    Raises
    ------
    InvalidModel
        The folder holds no model of PyTorch, or one that cannot be read.
    """
    path, model = model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path)
    return _load(path, model, **options)


@checked
def save_state_dict(state_dict: Mapping[str, Any], path: str | Path, **options: Any) -> None:
    """Save the state of a module, of an optimizer or of both into a folder, without any code.

    Parameters
    ----------
    state_dict : mapping
        What ``state_dict()`` of these returns, or a mapping with several of them.
    path : path
        Folder, made where there is none.
    options
        Those of ``torch.save``.

    Raises
    ------
    InvalidInput
        It is no mapping; of a module or an optimizer, call ``state_dict()``.
    """
    import torch  # as in save_model

    Path(path).mkdir(parents=True, exist_ok=True)
    torch.save(state_dict, Path(path) / _STATE_FILE, **options)


@checked
def log_state_dict(state_dict: Mapping[str, Any], artifact_path: str, **options: Any) -> None:
    """Save a state into the artifacts of the active run; a run is started when there is none.

    Parameters
    ----------
    state_dict : mapping
        See `save_state_dict`.
    artifact_path : str
        Folder in the run.
    options
        Those of ``torch.save``.
    """
    with tempfile.TemporaryDirectory() as folder:
        save_state_dict(state_dict, folder, **options)
        fluent_logging.log_artifacts(folder, artifact_path)


@checked
def load_state_dict(state_dict_uri: str | Path, **options: Any) -> Any:
    """Load a state.

    Parameters
    ----------
    state_dict_uri : str or path
        The folder, such as ``runs:/<run id>/<artifact path>``.
    options
        Those of ``torch.load``, such as `map_location`. Nothing but tensors and plain values is
        unpickled unless `weights_only` is False.

    Raises
    ------
    NotFound
        There is no such folder.
    InvalidModel
        It holds no state, or one that cannot be read.
    """
    import torch  # as in save_model

    file = model_uris.fetch(str(state_dict_uri)) / _STATE_FILE
    if not file.is_file():
        raise InvalidModel(f"{state_dict_uri} has no {_STATE_FILE}, as log_state_dict writes.")
    try:
        return torch.load(file, **{"weights_only": True, **options})
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise InvalidModel(f"PyTorch {torch.__version__} cannot read {file.name}: {error}") from error


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["torch", "cloudpickle", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _PytorchModel:
    """A module that takes frames and arrays, as numbers of single precision if they are of double.

    A frame in gives a frame out; anything else gives an array.
    """

    row_wise = True

    def __init__(self, module: Any, device: Any) -> None:
        self._module = module
        self._device = device

    def predict(self, data: Any) -> Any:
        import torch  # as above

        values = data.to_numpy() if isinstance(data, pd.DataFrame) else np.asarray(data)
        if values.dtype == np.float64 or values.dtype == object:
            values = values.astype(np.float32)
        # A frame may give out its own numbers, which a tensor must not share.
        with torch.no_grad():
            result = self._module(torch.as_tensor(np.require(values, requirements="W"), device=self._device))
        if not isinstance(result, torch.Tensor):
            raise InvalidInput(
                f"The module returned a {type(result).__name__}; predict() needs one that returns a tensor."
            )
        answer = result.cpu().numpy()
        if not isinstance(data, pd.DataFrame):
            return answer
        return pd.DataFrame(answer, index=data.index)

    def get_raw_model(self) -> Any:
        return self._module


def _load_pyfunc(path: Path, model: Model) -> _PytorchModel:
    config = model.flavors.get(PYFUNC, {}).get("config") or {}
    device = config.get("device") or "cpu"
    module = _load(path, model, map_location=device)
    module.to(device)
    return _PytorchModel(module, device)


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc)


def _pickle(module: Any, folder: Path) -> None:
    import cloudpickle  # as above
    import torch

    try:
        torch.save(module, folder / _PICKLED_FILE, pickle_module=cloudpickle)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The {type(module).__name__} cannot be pickled: {error}.") from error
    (folder / _PICKLE_MODULE_FILE).write_text(_PICKLE_MODULE, encoding="utf-8")


def _load(path: Path, model: Model, **options: Any) -> Any:
    import torch  # as above

    data = model.data_path(path, FLAVOR_NAME, "model_data")
    if (exported := data / _EXPORTED_FILE).is_file():
        try:
            return torch.export.load(exported).module()
        except (RuntimeError, ValueError, BadZipFile) as error:
            raise InvalidModel(f"PyTorch {torch.__version__} cannot read {exported.name}: {error}") from error
    file = data if data.is_file() else data / _PICKLED_FILE
    with pickled.reading(file):
        module = torch.load(file, weights_only=False, **options)
    if not isinstance(module, torch.nn.Module):
        raise InvalidModel(f"{file.name} holds a {type(module).__name__}, which is no module.")
    return module.eval()
