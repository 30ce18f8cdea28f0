"""The Dockerfile of an image that scores a model.

Two stages: one builds a virtual environment and the packages that have to be compiled, the other takes over
what was built. Layers are ordered by how seldom they change: system, packages, Crateflow, model.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from pycore.deploy.engine import BUILD_ARGUMENTS
from pycore.deploy.recipe import Recipe
from pycore.errors import InvalidInput

#: Where SageMaker and MLflow's images have their model.
MODEL_FOLDER = "/opt/ml/model"
#: Folder of the build with what the environment is made from, and those of models.
ENVIRONMENT_FOLDER, MODELS_FOLDER = "environment", "model_dir"

_PORT = 8080
_USER = 1000
_HOME = "/opt/crateflow"
_PROBE = (
    "import os, urllib.request as r; "
    "r.urlopen('http://127.0.0.1:' + os.environ['MLFLOW_PORT'] + '/ping', timeout=5)"
)


def render(recipe: Recipe, crateflow: str, requirements: str | None, model: str | None) -> str:
    """Return the text of a Dockerfile.

    Parameters
    ----------
    recipe : Recipe
    crateflow : str
        What pip installs Crateflow from, in the folder of the environment.
    requirements : str, optional
        The file there that names the model's own packages.
    model : str, optional
        Name of the model's folder; without it the image expects a model to be mounted.

    Raises
    ------
    InvalidInput
        A name has a line break in it, and would be an instruction of its own.
    """
    blocks = [
        _head(model),
        *_base(recipe),
        *_build(recipe, crateflow, requirements),
        *_image(recipe, model),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(model: str | None) -> list[str]:
    subject = "the model" if model else f"the model that is mounted at {MODEL_FOLDER}"
    return [
        "# Made by `crateflow models generate-dockerfile`.",
        f"# An image that scores with {subject}: POST /invocations and GET /ping on port {_PORT}.",
    ]


def _base(recipe: Recipe) -> Iterator[list[str]]:
    needs = recipe.needs
    yield [
        f"FROM {_word(recipe.base_image)} AS base",
        f"RUN useradd --uid {_USER} --create-home crateflow",
        *_install(needs.packages, needs.packages_if_offered),
    ]


def _build(recipe: Recipe, crateflow: str, requirements: str | None) -> Iterator[list[str]]:
    needs = recipe.needs
    yield [
        "FROM base AS build",
        *_install(needs.build_packages),
        f"WORKDIR /{ENVIRONMENT_FOLDER}",
    ]
    if needs.commands:
        yield [
            *(f"COPY {ENVIRONMENT_FOLDER}/{_word(name)} ./" for name in needs.files),
            *(_run(command) for command in needs.commands),
        ]
    demands = [_with_extras(crateflow, recipe.extras)]
    if requirements is not None:
        demands += ["--requirement", requirements]
    yield [
        f"COPY {ENVIRONMENT_FOLDER} ./",
        *(f"ARG {name}" for name in BUILD_ARGUMENTS),
        f"RUN python3 -m venv {_HOME} \\",
        f"    && {_HOME}/bin/pip install --no-cache-dir --disable-pip-version-check {_quoted(demands)}",
    ]


def _image(recipe: Recipe, model: str | None) -> Iterator[list[str]]:
    folders = (*recipe.needs.built, _HOME)
    lines = ["FROM base", *(f"COPY --from=build {folder} {folder}" for folder in folders)]
    if model is not None:
        source = f"{MODELS_FOLDER}/{_word(model)}"
        lines.append(f"COPY {json.dumps([source, MODEL_FOLDER], ensure_ascii=False)}")
    yield lines
    variables = {
        "PATH": f"{_HOME}/bin:$PATH",
        "LANG": "C.UTF-8",
        "CRATEFLOW_MODEL_URI": MODEL_FOLDER,
        "MLFLOW_HOST": "0.0.0.0",  # noqa: S104 - of the container
        "MLFLOW_PORT": str(_PORT),
    }
    if model is None:
        variables["CRATEFLOW_ENV_MANAGER"] = "virtualenv"
    yield [
        "ENV " + " \\\n    ".join(f'{name}="{value}"' for name, value in variables.items()),
        f"USER {_USER}",
        "WORKDIR /home/crateflow",
        f"EXPOSE {_PORT}",
        "HEALTHCHECK --interval=10s --timeout=6s --start-period=120s \\\n    CMD "
        + json.dumps([f"{_HOME}/bin/python", "-c", _PROBE]),
        # SageMaker starts its containers with the argument "serve".
        f"ENTRYPOINT {json.dumps([f'{_HOME}/bin/crateflow', 'models'])}",
        f"CMD {json.dumps(['serve'])}",
    ]


def _install(packages: Sequence[str], if_offered: Sequence[str] = ()) -> list[str]:
    """Return the instruction that installs Debian packages, if there are any."""
    if not packages and not if_offered:
        return []
    lines = ["RUN apt-get update"]
    lines.append("&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends")
    lines += [f"    {_quoted([name])}" for name in packages]
    if if_offered:
        lines.append("    $(apt-cache pkgnames | grep --fixed-strings --line-regexp")
        lines += [f"        --regexp={_quoted([name])}" for name in if_offered]
        lines[-1] += ")"
    lines.append("&& rm --recursive --force /var/lib/apt/lists/*")
    return [" \\\n    ".join(lines)]


def _run(command: Sequence[str]) -> str:
    return " \\\n    ".join(["RUN " + _quoted(command[:1]), *(_quoted([part]) for part in command[1:])])


def _quoted(words: Sequence[str]) -> str:
    """Return words as a shell reads them back."""
    return shlex.join(map(_word, words))


def _with_extras(crateflow: str, extras: str) -> str:
    name, equals, version = crateflow.partition("==")
    return f"{name}[{extras}]{equals}{version}"


def _word(text: str) -> str:
    if not text.isprintable():
        raise InvalidInput(f"{text!r} cannot stand in a Dockerfile: it has characters that do not print.")
    return text
