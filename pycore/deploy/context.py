"""The folder that an engine builds an image from."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pycore.deploy import distribution
from pycore.deploy.dockerfile import ENVIRONMENT_FOLDER, MODELS_FOLDER, render
from pycore.deploy.recipe import ImageOptions, Recipe, recipe_for, recipe_for_any
from pycore.models.environment import REQUIREMENTS
from pycore.models.requirements import requirements_of

#: All but what the Dockerfile copies stays out, whatever is put beside it later.
_IGNORED = f"*\n!{ENVIRONMENT_FOLDER}\n!{MODELS_FOLDER}\n**/__pycache__\n"
_FILE_OPTION = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S.*)")


def write_context(folder: Path, source: Path | None, name: str, options: ImageOptions) -> None:
    """Write all that an image is built from.

    Parameters
    ----------
    folder : Path
        Empty.
    source : Path, optional
        The model's folder; without it the image expects a model to be mounted.
    name : str
        What the model's folder is called among the files.
    options : ImageOptions

    Raises
    ------
    InvalidModel, FlavorUnknown
        The model does not say what it needs.
    InvalidInput
        The source of Crateflow cannot be built, or a name cannot stand in a Dockerfile.
    """
    environment = folder / ENVIRONMENT_FOLDER
    environment.mkdir()
    if source is None:
        recipe, requirements, model = recipe_for_any(options), None, None
    else:
        recipe, model = recipe_for(source, options), _as_folder(name)
        requirements = _write_requirements(source, environment) if recipe.needs.python_packages else None
        _copy_model(source, folder / MODELS_FOLDER / model)
    for file_name, file in recipe.needs.files.items():
        shutil.copyfile(file, environment / file_name)
    crateflow = distribution.provide(environment, options.mlflow_home)
    _write(folder, recipe, crateflow, requirements, model)


def _write(folder: Path, recipe: Recipe, crateflow: str, requirements: str | None, model: str | None) -> None:
    text = render(recipe, crateflow, requirements, model)
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    (folder / ".dockerignore").write_text(_IGNORED, encoding="utf-8")


def _as_folder(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def _copy_model(source: Path, target: Path) -> None:
    """Copy a model so that the image's user, who is nobody's owner, can read it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _write_requirements(source: Path, environment: Path) -> str | None:
    """Write what pip is to install for a model, with the files beside it that this refers to."""
    lines = requirements_of(source)
    if not lines:
        return None
    (environment / REQUIREMENTS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for file in _files_of(lines, source):
        target = environment / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return REQUIREMENTS


def _files_of(lines: Sequence[str], source: Path) -> Iterator[Path]:
    """Yield files of the model's folder that requirements name: further lists, constraints, wheels."""
    for line in lines:
        option = _FILE_OPTION.fullmatch(line.strip())
        file = source / (option[1] if option else line).strip()
        if file.is_file() and file.resolve().is_relative_to(source.resolve()):
            yield file
            if option:
                yield from _files_of(file.read_text(encoding="utf-8").splitlines(), source)
