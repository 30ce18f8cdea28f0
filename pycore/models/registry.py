"""Finds the flavor that loads a model, among those installed.

Flavors register under the entry-point group ``crateflow.flavors``, ours as any other. A model names
its loader by module (``loader_module`` of its python_function section): ``mlflow.sklearn`` stands for
the flavor ``sklearn`` here, so folders of MLflow load without it; a loader that no flavor stands for is
imported, as MLflow does. A folder without python_function, as R writes crates, goes to the flavor
whose section it has.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pycore.errors import FlavorUnknown, InvalidModel
from pycore.models.flavor import Flavor, Predictor, Preparable
from pycore.models.spec import PYFUNC, Model, inside

if TYPE_CHECKING:
    from pycore.models.pyfunc import PyFuncModel

GROUP = "crateflow.flavors"

#: Modules that an extra of ours installs.
_EXTRAS = {
    "catboost": "catboost",
    "cloudpickle": "models",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "numpy": "models",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "pandas": "models",
    "prophet": "prophet",
    "pyspark": "spark",
    "rpy2": "r",
    "sklearn": "models",
    "skops": "skops",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
    "torch": "pytorch",
    "xgboost": "xgboost",
}


def names() -> list[str]:
    """Return the names of all installed flavors, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def find(name: str) -> Flavor:
    """Return an installed flavor.

    Raises
    ------
    FlavorUnknown
        None has this name, several have it, or it lacks a library; the message says what to install.
    """
    return _find(name, tuple(sys.path))


@lru_cache(maxsize=64)
def _find(name: str, _import_path: tuple[str, ...]) -> Flavor:
    """Look a flavor up once: reading what every distribution offers takes longer than loading most models."""
    entries = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if not entries:
        raise FlavorUnknown(
            f"No installed flavor is called {name!r}; installed: {', '.join(names()) or 'none'}. "
            f"Install a distribution that offers it under the entry-point group {GROUP!r}."
        )
    if len(entries) > 1:
        raise FlavorUnknown(
            f"Several distributions offer the flavor {name!r}: {', '.join(sorted(entries))}. "
            f"Uninstall all but one. Installed flavors: {', '.join(names())}."
        )
    return _load(next(iter(entries.values())))


def flavor_of(model: Model) -> str | None:
    """Return the name of the flavor that loads a model; None if its loader module is to be imported.

    Raises
    ------
    FlavorUnknown
        The model has no python_function section, and no section of an installed flavor.
    InvalidModel
        The python_function section names no loader module.
    """
    if PYFUNC not in model.flavors:
        if name := _installed_of(model):
            return name
        raise FlavorUnknown(
            f"The model has the flavors {', '.join(model.flavors)}; installed here: {', '.join(names())}. "
            "Install one of the former, or save the model with a python_function section."
        )
    loader = model.flavors[PYFUNC].get("loader_module")
    if not isinstance(loader, str) or not loader:
        raise InvalidModel(
            "The python_function section of MLmodel needs 'loader_module', the name of a Python module."
        )
    if loader.startswith("mlflow.pyfunc."):
        return PYFUNC
    if loader.startswith("mlflow."):
        return loader.split(".")[1]
    return _installed_of(model)


def prepare_environment(path: Path, repositories: Sequence[str] = ()) -> Mapping[str, str] | None:
    """Install the packages a model was saved with, where the flavor that loads it can.

    Parameters
    ----------
    path : Path
        The model's folder.
    repositories : sequence of str
        See `Preparable`.

    Returns
    -------
    mapping or None
        Environment variables that make processes use them; None where the flavor cannot.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder cannot be read, or not by what is installed.
    ModelError, InvalidInput
        See `Preparable`.
    """
    name = flavor_of(Model.load(path))
    if name is not None and isinstance(flavor := find(name), Preparable):
        return flavor.prepare_environment(path, repositories)
    return None


def load_predictor(path: str | Path) -> Predictor:
    """Load a model folder for scoring: the flavor's own way, else the general one for Python models.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder cannot be read, or not by what is installed.
    ModelError
        The model itself failed to load.
    """
    path = Path(path)
    model = Model.load(path)
    name = flavor_of(model)
    if name is not None:
        predictor = find(name).load_predictor(path, model)
        if predictor is not None:
            return predictor
    # Needs pandas, which a worker that runs R must not load.
    from pycore.models.pyfunc_predictor import PyFuncPredictor

    return PyFuncPredictor(load_pyfunc(path))


def load_pyfunc(
    path: str | Path, config: Mapping[str, Any] | None = None, suppress_warnings: bool = False
) -> PyFuncModel:
    """Load a model folder for Python callers.

    Parameters
    ----------
    path : path
    config : mapping, optional
        Replaces values of the configuration that the model was saved with; other keys are ignored.
    suppress_warnings : bool
        Do not log how the installed packages differ from those the model was saved with.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder cannot be read, or not by what is installed.
    """
    # Both need pandas, which `load_predictor` of an R model must not load.
    from pycore.models.environment import warn_about_differences
    from pycore.models.pyfunc import PyFuncModel, merge_config

    path = Path(path)
    model = Model.load(path)
    section = model.flavors.get(PYFUNC, {})
    merged = merge_config(section.get("config"), config)
    if merged:
        section["config"] = merged
    _use_code(path, section.get("code"))
    if not suppress_warnings:
        warn_about_differences(path)
    return PyFuncModel(load_implementation(path, model), model, path)


def load_implementation(path: Path, model: Model) -> Any:
    """Return the object that a model's flavor or loader module makes of its folder.

    Raises
    ------
    InvalidModel, FlavorUnknown
        The folder cannot be read, or not by what is installed.
    """
    name = flavor_of(model)
    try:
        if name is None:
            return _call_loader(path, model.flavors[PYFUNC])
        return find(name).load_pyfunc(path, model)
    except ModuleNotFoundError as error:
        raise FlavorUnknown(f"The model needs {install_advice(error, path)}") from error


def _installed_of(model: Model) -> str | None:
    """Return the first installed flavor that a model has a section of, besides python_function."""
    return next((name for name in names() if name in model.flavors and name != PYFUNC), None)


def _load(entry: EntryPoint) -> Flavor:
    try:
        return cast(Flavor, entry.load())
    except ModuleNotFoundError as error:
        raise FlavorUnknown(f"The flavor {entry.name!r} needs {install_advice(error)}") from error
    except AttributeError as error:
        raise FlavorUnknown(f"The flavor {entry.name!r} is registered as {entry.value}: {error}.") from error


def install_advice(error: ModuleNotFoundError, path: Path | None = None) -> str:
    """Say which module is absent and the command that installs it."""
    module = (error.name or "").partition(".")[0]
    text = f"the Python module {module!r}, which is not installed"
    if module in _EXTRAS:
        return f"{text}: pip install 'crateflow[{_EXTRAS[module]}]'."
    if module == "mlflow":
        return (
            f"{text}: its own code refers to MLflow itself. pip install mlflow, or save the model again "
            "with pycore."
        )
    if path is not None and (path / "requirements.txt").exists():
        return f"{text}: pip install -r {path / 'requirements.txt'}"
    return f"{text}; install the package that contains it."


def _use_code(path: Path, code: Any) -> None:
    """Put the model's own Python files on the import path."""
    if code is not None:
        folder = str(inside(path, code, "code").resolve())
        if folder not in sys.path:
            sys.path.insert(0, folder)


def _call_loader(path: Path, section: Mapping[str, Any]) -> Any:
    loader = section["loader_module"]
    module = importlib.import_module(loader)
    load = getattr(module, "_load_pyfunc", None)
    if load is None:
        raise InvalidModel(
            f"The module {loader!r}, which MLmodel names as loader, has no _load_pyfunc(path)."
        )
    data = section.get("data")
    source = path if data is None else inside(path, data, "data")
    config = section.get("config")
    return load(str(source), config) if config else load(str(source))
