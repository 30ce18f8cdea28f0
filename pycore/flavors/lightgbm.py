"""Models of LightGBM: boosters as its own text, estimators of its scikit-learn interface as pickles.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors.library_flavor import LibraryFlavor
from pycore.models import pickled
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import LibraryModel
from pycore.models.image_needs import ImageNeeds
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_logging

FLAVOR_NAME = "lightgbm"

_BOOSTER = "lightgbm.basic.Booster"
_BOOSTER_FILE = "model.lgb"
_ESTIMATOR_FILE = "model.pkl"


@checked
def save_model(
    lgb_model: Any, path: str | Path, *, mlflow_model: Model | None = None, **companions: Any
) -> None:
    """Save a booster or an estimator into a new folder.

    Parameters
    ----------
    lgb_model : lightgbm.Booster or estimator
        Of a booster the trees up to its best iteration are saved, as LightGBM does.
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
        It is no model of LightGBM, or an argument cannot be used.
    """
    import lightgbm  # an extra brings it; the flavor is found without

    if not isinstance(lgb_model, lightgbm.Booster | lightgbm.LGBMModel):
        raise InvalidInput(
            f"lgb_model must be a Booster or an estimator of lightgbm, not {type(lgb_model)!r}."
        )
    is_booster = isinstance(lgb_model, lightgbm.Booster)
    file = _BOOSTER_FILE if is_booster else _ESTIMATOR_FILE
    kind = type(lgb_model)

    def write(folder: Path, model: Model) -> None:
        if is_booster:
            lgb_model.save_model(folder / file)
        else:
            pickled.dump(lgb_model, folder / file)
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.lightgbm", data=file))
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            data=file,
            lgb_version=version("lightgbm"),
            model_class=_BOOSTER if is_booster else f"{kind.__module__}.{kind.__qualname__}",
        )

    requirements = get_default_pip_requirements(not is_booster)
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(lgb_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a booster or an estimator into the artifacts of the active run.

    Parameters
    ----------
    lgb_model : lightgbm.Booster or estimator
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, lgb_model), artifact_path, **options)


def get_default_pip_requirements(include_cloudpickle: bool = False) -> list[str]:
    """Return what pip must install to load such a model."""
    pickles = ["scikit-learn", "cloudpickle"] if include_cloudpickle else []
    return pinned(["lightgbm", "numpy", "pandas", *pickles])


def get_default_conda_env(include_cloudpickle: bool = False) -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements(include_cloudpickle))


def _load(path: Path, model: Model) -> Any:
    section = model.flavors.get(FLAVOR_NAME, {})
    file = model.data_path(path, FLAVOR_NAME)
    if file.suffix == ".skops":
        raise InvalidModel(
            f"{file.name} is in the format skops, which is not read here. Save the model again with pycore, "
            "or with MLflow's serialization_format='cloudpickle'."
        )
    # Early folders do not say the class: they hold boosters.
    if section.get("model_class", _BOOSTER) != _BOOSTER:
        return pickled.load(file)
    import lightgbm  # as above

    try:
        return lightgbm.Booster(model_file=file)
    except lightgbm.basic.LightGBMError as error:
        raise InvalidModel(f"LightGBM cannot read {file.name}: {error}.") from error


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = LibraryFlavor(
    FLAVOR_NAME, _load, ImageNeeds(packages=("libgomp1",)), wrap=partial(LibraryModel, row_wise=True)
)
load_model = FLAVOR.load_model
