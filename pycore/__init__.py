"""Crateflow for Python: tracking, models, registry and scoring, under the names of MLflow.

``import pycore as mlflow`` is all a script needs. Nothing is loaded before it is used; where each name
comes from is in `pycore.mlflow_names`.
"""

from typing import TYPE_CHECKING, Any

from pycore import mlflow_names
from pycore.mlflow_names import install_as_mlflow as install_as_mlflow

if TYPE_CHECKING:
    from pycore.tracking.fluent import *  # noqa: F403  # for editors and type checkers

    __version__: str

mlflow_names.activate()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Reading the metadata takes longer than all the rest of this import.
        from importlib.metadata import version

        return version("crateflow")
    found = mlflow_names.lookup("", name)
    # Kept: a loop of log_metric would look it up each time.
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *mlflow_names.offered("")})
