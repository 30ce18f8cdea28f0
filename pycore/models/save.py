"""What saving is for every flavor: a new folder, the example, the signature, the environment, MLmodel."""

from __future__ import annotations

import logging
import platform
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycore.errors import AlreadyExists, InvalidInput
from pycore.models.arguments import checked_fields
from pycore.models.environment import ENV, write_environment
from pycore.models.input_example import split_params, write_example
from pycore.models.pyfunc import PyFuncModel
from pycore.models.registry import load_implementation
from pycore.models.signature import ModelSignature, infer_signature
from pycore.models.spec import PYFUNC, Model
from pycore.models.type_hints import FROM_TYPE_HINTS

_log = logging.getLogger(__name__)

#: Folder of the user's own Python files in a model.
CODE = "code"


@checked_fields
@dataclass(frozen=True)
class Companions:
    """What a user may want saved beside a model; the same for every flavor.

    Parameters
    ----------
    signature : ModelSignature or False, optional
        Inferred from the example when absent; False for none.
    input_example : object, optional
        See `pycore.models.input_example`.
    code_paths : list of path, optional
        Python files and folders that the model imports.
    conda_env, pip_requirements, extra_pip_requirements
        See `pycore.models.environment.write_environment`.
    metadata : mapping, optional
        The user's own, kept in MLmodel.
    """

    signature: ModelSignature | bool | None = None
    input_example: Any = None
    code_paths: Sequence[str | Path] | None = None
    conda_env: str | Path | Mapping[str, Any] | None = None
    pip_requirements: str | Path | Sequence[str] | None = None
    extra_pip_requirements: str | Path | Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        given = self.signature
        if given is not None and given is not False and not isinstance(given, ModelSignature):
            raise InvalidInput(f"signature must be a ModelSignature or False, not a {type(given).__name__}.")


def save_folder(
    path: str | Path,
    write: Callable[[Path, Model], None],
    companions: Companions,
    *,
    model: Model | None = None,
    requirements: Sequence[str] = (),
) -> Model:
    """Write a whole model folder: complete under its name, or not there at all.

    Parameters
    ----------
    path : path
        Must not exist, or be empty.
    write : callable
        ``write(folder, model)`` writes the flavor's files and adds its sections to `model`.
    companions : Companions
    model : Model, optional
        To fill in; a new one otherwise.
    requirements : sequence of str
        What pip must install to load the model, where the user does not say.

    Raises
    ------
    AlreadyExists
        `path` is a file, or a folder that is not empty.
    InvalidInput
        A companion cannot be used.
    """
    if model is None:
        model = Model()
    elif not isinstance(model, Model):
        # The flavors' functions call it so.
        raise InvalidInput(f"mlflow_model must be a Model, not {model!r} ({type(model).__name__}).")
    with new_folder(Path(path)) as folder:
        write(folder, model)
        section = model.flavors[PYFUNC]
        if companions.code_paths:
            _copy_code(companions.code_paths, folder / CODE)
            section["code"] = CODE
        if companions.metadata is not None:
            model.metadata = dict(companions.metadata)
        if companions.input_example is not None:
            model.saved_input_example_info = write_example(folder, companions.input_example)
        model.signature = _signature(companions, model, folder)
        model.model_size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        write_environment(
            folder,
            requirements,
            conda=companions.conda_env,
            pip_requirements=companions.pip_requirements,
            extra_pip_requirements=companions.extra_pip_requirements,
        )
        model.save(folder)
    return model


def pyfunc_section(loader_module: str, **keys: Any) -> dict[str, Any]:
    """Return a python_function section; keys that are None are left out."""
    section = {"env": dict(ENV), "loader_module": loader_module, "python_version": platform.python_version()}
    return section | {key: value for key, value in keys.items() if value is not None}


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside `path` to write to, which gets that name when all went well.

    Raises
    ------
    AlreadyExists
        Something is there already.
    """
    path = path.absolute()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise AlreadyExists(f"{path} exists and is not empty. Choose another path, or remove it first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    draft.mkdir()
    try:
        yield draft
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_code(code_paths: Sequence[str | Path], target: Path) -> None:
    target.mkdir()
    for source in map(Path, code_paths):
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, target / source.resolve().name, ignore=ignored)
        elif source.is_file():
            shutil.copy(source, target / source.name)
        else:
            raise InvalidInput(f"code_paths names {str(source)!r}, which does not exist.")


def _signature(companions: Companions, model: Model, folder: Path) -> ModelSignature | None:
    given = companions.signature
    if isinstance(given, ModelSignature):
        return given
    if given is False or companions.input_example is None or model.other.get(FROM_TYPE_HINTS):
        return model.signature
    data, params = split_params(companions.input_example)
    model.signature = infer_signature(data, params=params)
    output = None
    try:
        # What was written is asked, so that a model which does not come back whole is noticed here.
        output = PyFuncModel(load_implementation(folder, model), model, folder).predict(data, params)
    except Exception as error:  # noqa: BLE001 - the user's model, on an example that may be wrong
        _log.warning(
            "The saved model fails on its own input example, so its signature has no outputs: %s: %s",
            type(error).__name__,
            error,
        )
    return infer_signature(data, output, params)
