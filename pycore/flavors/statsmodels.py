"""Models of statsmodels: the results of a fit, as pickles.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput
from pycore.flavors.library_flavor import LibraryFlavor
from pycore.models import pickled
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_logging

FLAVOR_NAME = "statsmodels"

_MODEL_FILE = "model.statsmodels"


@checked
def save_model(
    statsmodels_model: Any,
    path: str | Path,
    *,
    remove_data: bool = False,
    mlflow_model: Model | None = None,
    **companions: Any,
) -> None:
    """Save the results of a fit into a new folder.

    Parameters
    ----------
    statsmodels_model : results
        What `fit` returned.
    path : path
        Must not exist, or be empty.
    remove_data : bool
        Leave out everything as long as the training data. This changes the object given, as
        statsmodels does it.
    mlflow_model : Model, optional
        To fill in.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        It is no fitted model, or an argument cannot be used.
    """
    if not (hasattr(statsmodels_model, "remove_data") and hasattr(statsmodels_model, "predict")):
        raise InvalidInput(
            f"statsmodels_model must be what fit() of a model returned, not a "
            f"{type(statsmodels_model).__name__}."
        )

    def write(folder: Path, model: Model) -> None:
        statsmodels_model.save(folder / _MODEL_FILE, remove_data=remove_data)
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.statsmodels", data=_MODEL_FILE))
        model.add_flavor(FLAVOR_NAME, code=None, data=_MODEL_FILE, statsmodels_version=version("statsmodels"))

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(statsmodels_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save the results of a fit into the artifacts of the active run.

    Parameters
    ----------
    statsmodels_model : results
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, statsmodels_model), artifact_path, **options)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["statsmodels", "numpy", "pandas", "scipy"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _StatsmodelsModel:
    """Results of a fit: asked with rows or, if they are of a time series, with its first and last step."""

    #: A formula may look at a whole column, as `center` and splines do.
    row_wise = False

    def __init__(self, results: Any) -> None:
        from statsmodels.tsa.base.tsa_model import TimeSeriesModel  # an extra brings it

        self._results = results
        self._is_series = isinstance(getattr(results, "model", None), TimeSeriesModel)

    def predict(self, data: Any) -> Any:
        if not self._is_series:
            return self._results.predict(data)
        if len(data) != 1 or not {"start", "end"} <= set(getattr(data, "columns", ())):
            raise InvalidInput("A time series is asked with one row: the columns start and end.")
        (row,) = data[["start", "end"]].to_dict("records")
        return self._results.predict(start=row["start"], end=row["end"])

    def get_raw_model(self) -> Any:
        return self._results


def _load(path: Path, model: Model) -> Any:
    return pickled.load(model.data_path(path, FLAVOR_NAME))


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = LibraryFlavor(FLAVOR_NAME, _load, wrap=_StatsmodelsModel)
load_model = FLAVOR.load_model
