"""Saves crates from Python: for a crate's file that someone handed over, R not needed.

What R users save themselves is richer: their client records package versions and factor levels.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from pycore.models.environment import ENV, pinned
from pycore.models.model_info import ModelInfo
from pycore.models.save import Companions, pyfunc_section, save_folder
from pycore.models.spec import PYFUNC, Model
from pycore.tracking import model_logging, model_uris
from rbridge.environment import ENVIRONMENT_FILE
from rbridge.inspect import inspect, sha256_of
from rbridge.model import CrateModel
from rbridge.section import CRATE, CRATE_FILE, CrateSection

_FLAVOR_VERSION = "0.1.0"


def save_model(
    crate_file: str | Path,
    path: str | Path,
    signature: Any = None,
    input_example: Any = None,
    input_levels: Mapping[str, Sequence[str]] | None = None,
    input_types: Mapping[str, str] | None = None,
    batchable: bool = True,
    packages: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    mlflow_model: Model | None = None,
) -> None:
    """Save a crate's file as a model, into a new folder.

    Parameters
    ----------
    crate_file : path
        Written in R by ``saveRDS(serialize(crate, NULL), file)`` or ``saveRDS(crate, file)``.
    path : path
        Must not exist, or be empty.
    signature : ModelSignature or False, optional
        Inferred from the example when absent.
    input_example : object, optional
        Tried on the crate, when R is there, to learn what it returns.
    input_levels : mapping of str to sequence of str, optional
        Columns that the model wants as factors, with their levels in order.
    input_types : mapping of str to str, optional
        Columns that the model wants as ``Date``, ``POSIXct``, ``factor`` or ``ordered``.
    batchable : bool
        False if a row's prediction depends on the other rows.
    packages : mapping of str to str, optional
        R packages the crate needs, with their versions; found in the file when absent.
    metadata : mapping, optional
        The user's own, kept in MLmodel.
    mlflow_model : Model, optional
        To fill in.

    Raises
    ------
    InvalidModel
        The file is no crate, or the types are none that a crate can have.
    AlreadyExists
        Something is at `path`.
    """
    source = Path(crate_file)
    info = inspect(source)

    def write(folder: Path, model: Model) -> None:
        shutil.copyfile(source, folder / CRATE_FILE)
        section: dict[str, Any] = {
            "version": _FLAVOR_VERSION,
            "model": CRATE_FILE,
            "r_version": info.r_version,
            "serialization_version": info.serialization_version,
            "crate_sha256": sha256_of(source),
            "batchable": batchable,
            "input_levels": {name: list(levels) for name, levels in (input_levels or {}).items()},
            "input_types": dict(input_types or {}),
        }
        if packages is not None:
            section["packages"] = dict(packages)
        model.add_flavor(CRATE, section)
        env = {**ENV, "r": ENVIRONMENT_FILE}
        model.add_flavor(PYFUNC, pyfunc_section("rbridge", data=CRATE_FILE) | {"env": env})
        CrateSection.of_model(folder, model)  # refuses what could not be read back
        needed = packages if packages is not None else dict.fromkeys(info.packages)
        listed = [{"name": name, "version": version} for name, version in needed.items()]
        environment = {"r_version": info.r_version, "packages": listed}
        (folder / ENVIRONMENT_FILE).write_text(yaml.safe_dump(environment), encoding="utf-8")

    companions = Companions(signature=signature, input_example=input_example, metadata=metadata)
    save_folder(
        path,
        write,
        companions,
        model=mlflow_model,
        requirements=get_default_pip_requirements(),
    )


def log_model(crate_file: str | Path, artifact_path: str | None = None, **options: Any) -> ModelInfo:
    """Save a crate's file into the artifacts of the active run.

    Parameters
    ----------
    crate_file : path
    artifact_path : str, optional
        Folder in the run, ``"model"`` when not given.
    options
        Those of `save_model` and of `pycore.tracking.model_logging.log_saved`.
    """
    return model_logging.log_saved(partial(save_model, crate_file), artifact_path, **options)


def load_model(model_uri: str | Path, dst_path: str | Path | None = None) -> CrateModel:
    """Load a crate.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.

    Raises
    ------
    InvalidModel
        The folder holds no crate.
    """
    return CrateModel(CrateSection.find(model_uris.fetch(str(model_uri), dst_path)))


def get_default_pip_requirements() -> list[str]:
    """Return what pip must install to load such a model from Python."""
    return [requirement.replace("crateflow", "crateflow[r]", 1) for requirement in pinned(["crateflow"])]
