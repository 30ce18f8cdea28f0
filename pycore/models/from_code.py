"""Models that are a script: it is run when the model is loaded, and says which object the model is."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pycore.errors import FlavorUnknown, InvalidModel
from pycore.models.model_config import loading_with
from pycore.models.registry import install_advice


class _Chosen(threading.local):
    """What the script that a thread runs has chosen."""

    model: Any = None


_chosen = _Chosen()


def set_model(model: Any) -> None:
    """Choose the model that a script is; the script calls it once.

    Parameters
    ----------
    model : PythonModel, function, or model of another flavor
    """
    _chosen.model = model


def run_model_code(file: Path, config: Mapping[str, Any] | None = None) -> Any:
    """Run a script and return the model it chose.

    Parameters
    ----------
    file : Path
    config : mapping, optional
        What its `ModelConfig` reads.

    Raises
    ------
    InvalidModel
        The script fails, or chooses none.
    FlavorUnknown
        It needs a Python module that is not installed; the message says which.
    """
    # A name of its own each time: a process may hold several versions of one model.
    name = f"crateflow_model_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InvalidModel(f"{file.name} is no Python script; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before, _chosen.model = _chosen.model, None
    _stand_in_for_mlflow()
    try:
        with loading_with(config):
            spec.loader.exec_module(module)
        chosen = _chosen.model
    except ModuleNotFoundError as error:
        raise FlavorUnknown(f"The model's {file.name} needs {install_advice(error, file.parent)}") from error
    except Exception as error:  # it is the user's code, so anything can come of it
        raise InvalidModel(f"The model's {file.name} fails: {type(error).__name__}: {error}.") from error
    finally:
        _chosen.model = before
    if chosen is None:
        raise InvalidModel(
            f"The model's {file.name} chooses no model: it must call mlflow.models.set_model(model)."
        )
    return chosen


def _stand_in_for_mlflow() -> None:
    """Let the script import MLflow where it is not installed: scripts say so, and mean this package."""
    if importlib.util.find_spec("mlflow") is None:
        importlib.import_module("pycore").install_as_mlflow()
