"""Models of no particular library: a user's own class or function, or a loader module of theirs.

What ``pycore.pyfunc`` offers. The folders are those of MLflow's ``pyfunc``: a `PythonModel` is a pickle
that its own loader reads, anything else is data that the user's loader module reads.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.models import pickled, registry
from pycore.models.arguments import checked
from pycore.models.environment import CONDA_ENV as CONDA_FILE
from pycore.models.environment import ENV, REQUIREMENTS, pinned
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.flavor import PythonFlavor
from pycore.models.from_code import run_model_code
from pycore.models.model_info import ModelInfo
from pycore.models.pyfunc import PyFuncModel
from pycore.models.python_model import (
    SUBSTITUTES,
    LoadedPythonModel,
    PythonModel,
    PythonModelContext,
    as_python_model,
    signature_of_hints,
    streams,
)
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model, inside
from pycore.models.type_hints import FROM_TYPE_HINTS
from pycore.tracking import model_logging, model_uris

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "add_to_model",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "get_model_dependencies",
    "load_model",
    "load_pyfunc",
    "log_model",
    "save_model",
]

FLAVOR_NAME = PYFUNC

_LOADER = "mlflow.pyfunc.model"
_CODE_LOADER = "mlflow.pyfunc.loaders.code_model"
_MODEL_FILE = "python_model.pkl"
_ARTIFACTS = "artifacts"
_DATA = "data"


@checked
def load_model(
    model_uri: str | Path,
    suppress_warnings: bool = False,
    dst_path: str | Path | None = None,
    model_config: Mapping[str, Any] | None = None,
) -> PyFuncModel:
    """Load a model of any flavor, crates of R included.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    suppress_warnings : bool
        Do not log how the installed packages differ from those the model was saved with.
    dst_path : path, optional
        Where to put a copy.
    model_config : mapping, optional
        Replaces values of the configuration the model was saved with.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder cannot be read, or not by what is installed; the message says what to do.
    NotFound
        There is no such run, model, version or folder.
    """
    return registry.load_pyfunc(model_uris.fetch(str(model_uri), dst_path), model_config, suppress_warnings)


#: Its name in the first versions of MLflow.
load_pyfunc = load_model


@checked
def save_model(
    path: str | Path,
    loader_module: str | None = None,
    data_path: str | Path | None = None,
    *,
    mlflow_model: Model | None = None,
    python_model: Any = None,
    artifacts: Mapping[str, str] | None = None,
    model_config: Mapping[str, Any] | None = None,
    streamable: bool | None = None,
    **companions: Any,
) -> None:
    """Save a model of one's own into a new folder.

    Parameters
    ----------
    path : path
        Must not exist, or be empty.
    loader_module : str, optional
        A module with ``_load_pyfunc(path)``, which returns an object with `predict`. It must be
        installed wherever the model is loaded, or be among `code_paths`.
    data_path : path, optional
        File or folder handed to the loader.
    python_model : PythonModel, function or path of a script, optional
        In place of `loader_module`: an object with ``predict(context, model_input)``, or a function of
        the input. A script is saved as it is and run when the model is loaded; it calls
        ``mlflow.models.set_model`` with the object.
    artifacts : mapping of str to str, optional
        Files or folders, by URI or path, that `python_model` finds in its context by name.
    model_config : mapping, optional
        Configuration, which whoever loads the model may override.
    streamable : bool, optional
        Whether `PyFuncModel.predict_stream` may be called. What is not said is seen from a
        `python_model`, and no for a `loader_module`.
    mlflow_model : Model, optional
        To fill in.
    companions
        Signature, example, code, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        Neither or both kinds of model are given, or an argument cannot be used.
    """
    if (loader_module is None) == (python_model is None):
        raise InvalidInput("Give python_model (an object or a function) or loader_module, and not both.")
    if loader_module is not None and artifacts:
        raise InvalidInput("artifacts belong to a python_model; give a loader_module its data by data_path.")
    given = Companions(**companions)
    script = _script(python_model)
    wrapped = None if python_model is None or script else as_python_model(python_model)

    def note_hints(asked: Any, model: Model) -> None:
        if given.signature is None and (hinted := signature_of_hints(asked)) is not None:
            model.signature = hinted
            model.other[FROM_TYPE_HINTS] = True

    def write(folder: Path, model: Model) -> None:
        config = dict(model_config) if model_config else None
        copied = {name: _copy_artifact(name, uri, folder) for name, uri in (artifacts or {}).items()}
        if script is not None:
            shutil.copy(script, folder / script.name)
            # The first failure of the script must be here, not where the model is deployed.
            chosen = as_python_model(run_model_code(folder / script.name, config))
            note_hints(chosen, model)
            keys = {
                "artifacts": copied or None,
                "config": config,
                "model_code_path": script.name,
                "streamable": _streamable(chosen, streamable),
            }
            model.add_flavor(PYFUNC, pyfunc_section(_CODE_LOADER, **keys))
            return
        if wrapped is None:
            data = None if data_path is None else _copy(Path(data_path), folder, _DATA)
            keys = {"data": data, "config": config, "streamable": bool(streamable)}
            model.add_flavor(PYFUNC, pyfunc_section(str(loader_module), **keys))
            return
        pickled.dump(wrapped, folder / _MODEL_FILE)
        note_hints(wrapped, model)
        model.add_flavor(
            PYFUNC,
            pyfunc_section(
                _LOADER,
                artifacts=copied or None,
                cloudpickle_version=version("cloudpickle"),
                config=config,
                python_model=_MODEL_FILE,
                streamable=_streamable(wrapped, streamable),
            ),
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, given, model=mlflow_model, requirements=requirements)


@checked
def log_model(
    artifact_path: str | None = None,
    loader_module: str | None = None,
    data_path: str | Path | None = None,
    **options: Any,
) -> ModelInfo:
    """Save a model of one's own into the artifacts of the active run.

    Parameters
    ----------
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    loader_module, data_path
        See `save_model`.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    save = partial(save_model, loader_module=loader_module, data_path=data_path)
    return model_logging.log_saved(save, artifact_path, **options)


@checked
def add_to_model(
    model: Model,
    loader_module: str,
    data: str | None = None,
    code: str | None = None,
    conda_env: str | None = None,
    python_env: str | None = None,
    **keys: Any,
) -> Model:
    """Add a python_function section to a model of another flavor, and return the model.

    Parameters
    ----------
    model : Model
    loader_module : str
        A module with ``_load_pyfunc(path)``.
    data, code : str, optional
        Paths inside the model folder.
    conda_env, python_env : str, optional
        Names of the environment files in the folder.
    keys
        Further keys of the section.
    """
    given = {"conda": conda_env, "virtualenv": python_env}
    environment = {kind: file for kind, file in given.items() if file is not None}
    section = pyfunc_section(loader_module, data=data, code=code, **keys)
    return model.add_flavor(PYFUNC, section | {"env": environment or dict(ENV)})


@checked
def get_model_dependencies(model_uri: str | Path, format: str = "pip") -> str:
    """Return the local path of the file that lists a model's packages.

    Parameters
    ----------
    model_uri : str or path
    format : {"pip", "conda"}

    Raises
    ------
    InvalidInput
        Another format, or a model without such a file.
    """
    files = {"pip": REQUIREMENTS, "conda": CONDA_FILE}
    if format not in files:
        raise InvalidInput(f"format is one of {', '.join(files)}, not {format!r}.")
    file = model_uris.fetch(str(model_uri)) / files[format]
    if not file.is_file():
        raise InvalidInput(f"The model {model_uri} has no {file.name}: it does not say what it needs.")
    return str(file)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load a `PythonModel`, besides what its own code imports."""
    return pinned(["cloudpickle", "numpy", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


def _load_python_model(path: Path, model: Model) -> LoadedPythonModel:
    """Return the model under the method ``predict(data, params)``, its context loaded."""
    section = model.flavors[PYFUNC]
    if section.get("python_model_compression"):
        raise InvalidModel("The model's pickle is compressed, which is not read here; save it without.")
    if script := section.get("model_code_path"):
        # MLflow notes where the script lay when the model was saved; the copy is at the root.
        file = inside(path, PurePosixPath(str(script)).name, "model_code_path")
        python_model = as_python_model(run_model_code(file, section.get("config")))
    else:
        python_model = pickled.load(inside(path, section.get("python_model"), "python_model"), SUBSTITUTES)
    saved = section.get("artifacts") or {}
    artifacts = {name: str(inside(path, entry["path"], f"artifact {name}")) for name, entry in saved.items()}
    context = PythonModelContext(artifacts, dict(section.get("config") or {}))
    load_context = getattr(python_model, "load_context", None)
    if load_context is not None:
        load_context(context=context)
    return LoadedPythonModel(python_model, context)


#: Loads `PythonModel` pickles and scripts, ours and MLflow's.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_python_model)


def _script(python_model: Any) -> Path | None:
    if not isinstance(python_model, str | Path):
        return None
    script = Path(python_model)
    if script.suffix != ".py" or not script.is_file():
        raise InvalidInput(f"python_model names {str(python_model)!r}, which is no Python script (.py).")
    return script


def _streamable(python_model: Any, asked: bool | None) -> bool:
    """Return whether a model may be asked for a stream."""
    able = streams(python_model)
    if asked and not able:
        raise InvalidInput(
            f"streamable is true, but {type(python_model).__name__} does not define predict_stream."
        )
    return able if asked is None else bool(asked)


def _copy_artifact(name: str, uri: str, folder: Path) -> dict[str, str]:
    if PurePosixPath(name).name != name or name in (".", ".."):
        raise InvalidInput(f"The artifact name {name!r} cannot be the name of a folder.")
    return {"path": _copy(model_uris.fetch(uri), folder, f"{_ARTIFACTS}/{name}"), "uri": str(uri)}


def _copy(source: Path, folder: Path, below: str) -> str:
    """Copy a file or folder under its own name, and return its path relative to the model folder."""
    target = folder / below / source.resolve().name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        shutil.copy(source, target)
    else:
        raise InvalidInput(f"There is nothing at {str(source)!r} to save with the model.")
    return target.relative_to(folder).as_posix()
