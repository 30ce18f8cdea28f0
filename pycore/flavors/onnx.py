"""Models in the ONNX format, run by ONNX Runtime.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import PythonFlavor
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_loading, model_logging

FLAVOR_NAME = "onnx"

_MODEL_FILE = "model.onnx"
#: Where to compute, the first that this machine has.
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


@checked
def save_model(
    onnx_model: Any,
    path: str | Path,
    *,
    onnx_execution_providers: Sequence[str] = _PROVIDERS,
    mlflow_model: Model | None = None,
    **companions: Any,
) -> None:
    """Save a model into a new folder, after a check that it is a valid one.

    Parameters
    ----------
    onnx_model : onnx.ModelProto
    path : path
        Must not exist, or be empty.
    onnx_execution_providers : sequence of str
        Where ONNX Runtime is to compute; those that a machine lacks are passed over.
    mlflow_model : Model, optional
        To fill in.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        It is no valid model, or an argument cannot be used.
    """
    import onnx  # an extra brings it; the flavor is found without

    if not isinstance(onnx_model, onnx.ModelProto):
        raise InvalidInput(f"onnx_model must be an onnx.ModelProto, not a {type(onnx_model).__name__}.")
    try:
        onnx.checker.check_model(onnx_model)
    except onnx.checker.ValidationError as error:
        raise InvalidInput(f"onnx_model is not valid: {error}") from error

    def write(folder: Path, model: Model) -> None:
        onnx.save_model(onnx_model, str(folder / _MODEL_FILE))
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.onnx", data=_MODEL_FILE))
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            data=_MODEL_FILE,
            onnx_session_options=None,
            onnx_version=version("onnx"),
            providers=list(onnx_execution_providers),
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(onnx_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a model into the artifacts of the active run.

    Parameters
    ----------
    onnx_model : onnx.ModelProto
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, onnx_model), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None) -> Any:
    """Load an ``onnx.ModelProto``.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.

    Raises
    ------
    InvalidModel
        The folder holds no ONNX model, or one that cannot be read.
    """
    import onnx  # as above
    from google.protobuf.message import DecodeError

    path, model = model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path)
    file = model.data_path(path, FLAVOR_NAME)
    try:
        return onnx.load_model(str(file))
    except DecodeError as error:
        raise InvalidModel(f"{file.name} is no ONNX model: {error}.") from error


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["onnx", "onnxruntime", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _OnnxModel:
    """A session of ONNX Runtime that takes frames, arrays and named arrays.

    A frame in gives a frame out, a column for each output; anything else gives arrays by name.
    """

    row_wise = False

    def __init__(self, file: Path, providers: Sequence[str]) -> None:
        import onnxruntime  # as above

        available = onnxruntime.get_available_providers()
        usable = [provider for provider in providers if provider in available] or available
        try:
            self._session = onnxruntime.InferenceSession(str(file), providers=usable)
        # Its errors are a class each, and their common root is Exception.
        except Exception as error:
            raise InvalidModel(f"ONNX Runtime cannot load {file.name}: {error}") from error
        self._inputs = {entry.name: entry.type for entry in self._session.get_inputs()}
        self._outputs = [entry.name for entry in self._session.get_outputs()]

    def predict(self, data: Any) -> Any:
        fed = {name: self._cast(name, value) for name, value in self._named(data).items()}
        results = dict(zip(self._outputs, self._session.run(self._outputs, fed), strict=True))
        if not isinstance(data, pd.DataFrame):
            return results
        return pd.DataFrame({name: _column(value) for name, value in results.items()}, index=data.index)

    def get_raw_model(self) -> Any:
        return self._session

    def _named(self, data: Any) -> Mapping[str, Any]:
        if isinstance(data, pd.DataFrame):
            if len(self._inputs) == 1:
                return {next(iter(self._inputs)): data.to_numpy()}
            data = {name: data[[name]].to_numpy() for name in self._inputs if name in data}
        elif not isinstance(data, Mapping):
            if len(self._inputs) > 1:
                raise InvalidInput(
                    f"The model takes the inputs {', '.join(self._inputs)}: give a dict of arrays."
                )
            return {next(iter(self._inputs)): np.asarray(data)}
        if missing := [name for name in self._inputs if name not in data]:
            raise InvalidInput(f"The model's inputs {', '.join(missing)} are missing.")
        return {name: np.asarray(data[name]) for name in self._inputs}

    def _cast(self, name: str, value: Any) -> Any:
        # Frames hold float64; most models were trained on float32.
        wanted = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
        kind = wanted.get(self._inputs[name])
        return value if kind is None or value.dtype == kind else value.astype(kind)


def _load_pyfunc(path: Path, model: Model) -> _OnnxModel:
    section = model.flavors.get(FLAVOR_NAME, {})
    return _OnnxModel(model.data_path(path, FLAVOR_NAME), section.get("providers") or _PROVIDERS)


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc)


def _column(value: Any) -> Any:
    """Return an output as one column: a row of several numbers becomes a list."""
    if not isinstance(value, np.ndarray) or value.ndim == 1:
        return list(value)
    return list(value.reshape(-1) if value.shape[1:] == (1,) else value.tolist())
