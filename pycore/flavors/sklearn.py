"""Models of scikit-learn: estimators and pipelines, as pickles.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here,
those of versions 1 and 2 included.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput
from pycore.flavors.sklearn_model import SklearnModel
from pycore.models import pickled
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import PythonFlavor
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model, inside
from pycore.tracking import model_loading, model_logging

FLAVOR_NAME = "sklearn"

_MODEL_FILE = "model.pkl"


@checked
def save_model(
    sk_model: Any,
    path: str | Path,
    *,
    mlflow_model: Model | None = None,
    serialization_format: str = "cloudpickle",
    pyfunc_predict_fn: str = "predict",
    **companions: Any,
) -> None:
    """Save a fitted estimator or pipeline into a new folder.

    Parameters
    ----------
    sk_model : object
        With the method `pyfunc_predict_fn`.
    path : path
        Must not exist, or be empty.
    mlflow_model : Model, optional
        To fill in.
    serialization_format : {"cloudpickle", "pickle"}
    pyfunc_predict_fn : str
        Method that `pyfunc` models call, such as ``predict_proba``.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        The model lacks the method, or an argument cannot be used.
    """
    if not callable(getattr(sk_model, pyfunc_predict_fn, None)):
        raise InvalidInput(
            f"A {type(sk_model).__name__} has no method {pyfunc_predict_fn!r}; "
            "name another one with pyfunc_predict_fn."
        )

    def write(folder: Path, model: Model) -> None:
        pickled.dump(sk_model, folder / _MODEL_FILE, serialization_format)
        model.add_flavor(
            PYFUNC,
            pyfunc_section("mlflow.sklearn", model_path=_MODEL_FILE, predict_fn=pyfunc_predict_fn),
        )
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            pickled_model=_MODEL_FILE,
            serialization_format=serialization_format,
            sklearn_version=version("scikit-learn"),
        )

    save_folder(
        path,
        write,
        Companions(**companions),
        model=mlflow_model,
        requirements=get_default_pip_requirements(serialization_format == "cloudpickle"),
    )


def log_model(sk_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save an estimator into the artifacts of the active run.

    Parameters
    ----------
    sk_model : object
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, sk_model), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None) -> Any:
    """Load an estimator as it was saved.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.

    Raises
    ------
    InvalidModel
        The folder holds no model of scikit-learn, or one that cannot be read.
    """
    return _estimator(*model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path))


def get_default_pip_requirements(include_cloudpickle: bool = False) -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["scikit-learn", "numpy", "pandas", *(["cloudpickle"] if include_cloudpickle else [])])


def get_default_conda_env(include_cloudpickle: bool = False) -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements(include_cloudpickle))


def _load_pyfunc(path: Path, model: Model) -> SklearnModel:
    section = model.flavors.get(PYFUNC, {})
    return SklearnModel(_estimator(path, model), str(section.get("predict_fn", "predict")))


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc)


def _estimator(path: Path, model: Model) -> Any:
    """Unpickle the estimator; early folders name its file in the python_function section only."""
    section = model.flavors.get(FLAVOR_NAME, {})
    pyfunc = model.flavors.get(PYFUNC, {})
    found = section.get("pickled_model") or pyfunc.get("model_path") or pyfunc.get("data")
    file = inside(path, found, "pickled_model")
    if section.get("serialization_format") == "skops":
        return pickled.load_skops(file, section.get("skops_trusted_types") or ())
    return pickled.load(file)
