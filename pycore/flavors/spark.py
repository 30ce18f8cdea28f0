"""Models of Spark ML, in its own format. Spark needs Java.

The folders are those of MLflow's flavor of the same name, which loads them; its folders load here.
"""

from __future__ import annotations

import importlib
import os
import sys
import uuid
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked
from pycore.models.environment import conda_env as conda_env_of
from pycore.models.environment import pinned
from pycore.models.flavor import PythonFlavor
from pycore.models.image_needs import ImageNeeds
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_loading, model_logging

FLAVOR_NAME = "spark"

_DATA = "sparkml"
_PIPELINE = "pyspark.ml.pipeline.PipelineModel"
#: Where Spark writes a model before it is copied, on the file system that all its machines share.
_SHARED_FOLDER = "/tmp/mlflow"  # noqa: S108 - a path of Spark's file system, and MLflow's default


@checked
def save_model(
    spark_model: Any,
    path: str | Path,
    *,
    mlflow_model: Model | None = None,
    dfs_tmpdir: str | None = None,
    **companions: Any,
) -> None:
    """Save a fitted model or pipeline into a new folder.

    Parameters
    ----------
    spark_model : pyspark.ml.Model
        One that can be written, as those of Spark itself.
    path : path
        Must not exist, or be empty.
    mlflow_model : Model, optional
        To fill in.
    dfs_tmpdir : str, optional
        Folder on Spark's own file system, which the model passes through.
    companions
        Signature, example, environment and metadata; see `pycore.models.save.Companions`.

    Raises
    ------
    AlreadyExists
        Something is at `path`.
    InvalidInput
        It is no such model, or an argument cannot be used.
    """
    from pyspark.ml import Model as SparkModel  # an extra brings it; the flavor is found without
    from pyspark.ml.util import MLWritable

    if not isinstance(spark_model, SparkModel) or not isinstance(spark_model, MLWritable):
        raise InvalidInput(
            f"spark_model must be a fitted model that Spark can write, not a {type(spark_model).__name__}."
        )
    kind = type(spark_model)

    def write(folder: Path, model: Model) -> None:
        shared = _SharedFolder(dfs_tmpdir or _SHARED_FOLDER)
        spark_model.write().save(shared.path)
        shared.download(folder / _DATA)
        model.add_flavor(PYFUNC, pyfunc_section("mlflow.spark", data=_DATA))
        model.add_flavor(
            FLAVOR_NAME,
            code=None,
            model_class=f"{kind.__module__}.{kind.__qualname__}",
            model_data=_DATA,
            pyspark_version=version("pyspark"),
        )

    requirements = get_default_pip_requirements()
    save_folder(path, write, Companions(**companions), model=mlflow_model, requirements=requirements)


def log_model(spark_model: Any, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a fitted model or pipeline into the artifacts of the active run.

    Parameters
    ----------
    spark_model : pyspark.ml.Model
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, spark_model), artifact_path, **options)


def load_model(
    model_uri: str | Path, dst_path: str | Path | None = None, dfs_tmpdir: str | None = None
) -> Any:
    """Load a model into the active Spark session, or into one of this machine if there is none.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.
    dfs_tmpdir : str, optional
        Folder on Spark's own file system, which the model passes through.

    Raises
    ------
    InvalidModel
        The folder holds no model of Spark, or one that cannot be read.
    """
    path, model = model_loading.fetch_flavor(FLAVOR_NAME, model_uri, dst_path)
    return _load(path, model, dfs_tmpdir)


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model."""
    return pinned(["pyspark", "pandas"])


def get_default_conda_env() -> dict[str, Any]:
    """Return the same as a conda environment."""
    return conda_env_of(get_default_pip_requirements())


class _SparkModel:
    """A model that takes frames of pandas and gives its column ``prediction`` as a list."""

    row_wise = False

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, data: Any) -> Any:
        if not isinstance(data, pd.DataFrame):
            raise InvalidInput(
                f"A model of Spark takes a pandas DataFrame, for its names, not a {type(data).__name__}."
            )
        predicted = self._model.transform(session().createDataFrame(data))
        if "prediction" not in predicted.columns:
            raise InvalidInput(
                f"The model's result has no column 'prediction', but {', '.join(predicted.columns)}."
            )
        return [row.prediction for row in predicted.select("prediction").collect()]

    def get_raw_model(self) -> Any:
        return self._model


def session() -> Any:
    """Return the active Spark session, or a new one of this machine alone."""
    from pyspark.sql import SparkSession  # as above

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    # Its Python workers are otherwise those of the first python3 on the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()


def _load_pyfunc(path: Path, model: Model) -> _SparkModel:
    return _SparkModel(_load(path, model))


#: Loads what `save_model` and MLflow's flavor saved.
FLAVOR = PythonFlavor(FLAVOR_NAME, _load_pyfunc, ImageNeeds(java=True))


def _load(path: Path, model: Model, shared_folder: str | None = None) -> Any:
    section = model.flavors.get(FLAVOR_NAME, {})
    folder = model.data_path(path, FLAVOR_NAME, "model_data")
    reader = _class_of(str(section.get("model_class") or _PIPELINE))
    shared = _SharedFolder(shared_folder or _SHARED_FOLDER)
    shared.upload(folder)
    try:
        return reader.load(shared.path)
    # Spark reports a damaged model as whatever went wrong in Java.
    except Exception as error:
        raise InvalidModel(f"Spark cannot read {folder.name}: {_first_line(error)}") from error


class _SharedFolder:
    """A new folder on the file system that Spark's machines share, removed when Spark ends.

    Spark writes a model from all its machines, and may read parts of it when they are first needed, so
    the disk of this machine will not do.
    """

    def __init__(self, parent: str) -> None:
        java = session()._jvm
        self.path = f"{parent.rstrip('/')}/{uuid.uuid4().hex}"
        self._of = java.org.apache.hadoop.fs.Path
        self._files = self._of(self.path).getFileSystem(session()._jsc.hadoopConfiguration())
        self._files.deleteOnExit(self._of(self.path))

    def upload(self, folder: Path) -> None:
        """Copy a folder of this machine."""
        self._files.copyFromLocalFile(False, True, self._of(folder.absolute().as_uri()), self._of(self.path))

    def download(self, folder: Path) -> None:
        """Copy to a folder of this machine."""
        self._files.copyToLocalFile(False, self._of(self.path), self._of(folder.absolute().as_uri()), True)


def _class_of(name: str) -> Any:
    """Return the class of an import path; MLmodel may name those of the library only."""
    module, _, kind = name.rpartition(".")
    if not module.startswith("pyspark.ml."):
        raise InvalidModel(f"MLmodel names the class {name!r}, which is none of pyspark.ml.")
    try:
        return getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise InvalidModel(f"The installed pyspark has no class {name!r}, which MLmodel names.") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
