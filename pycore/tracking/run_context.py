"""What a new run says about the program that made it."""

from __future__ import annotations

import functools
import getpass
import json
import os
import subprocess
import sys
from pathlib import Path

from pycore import config
from pycore.errors import InvalidInput

USER = "mlflow.user"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
RUN_NAME = "mlflow.runName"
PARENT_RUN_ID = "mlflow.parentRunId"
NOTE = "mlflow.note.content"
#: The run has a series of images, which web pages show.
LOGGED_IMAGES = "mlflow.loggedImages"
#: Of a run's use of a dataset: what for.
DATASET_CONTEXT = "mlflow.data.context"

_GIT_LIMIT_S = 5


def tags() -> dict[str, str]:
    """Return the tags of a new run; the JSON object in MLFLOW_RUN_CONTEXT has the last word."""
    source = sys.argv[0] if sys.argv and sys.argv[0] else "<console>"
    found = {USER: user(), SOURCE_NAME: source, SOURCE_TYPE: "NOTEBOOK" if _in_notebook() else "LOCAL"}
    folder = Path(source).resolve().parent if Path(source).is_file() else Path.cwd()
    if commit := _git_commit(folder):
        found[GIT_COMMIT] = commit
    return {**found, **_given()}


@functools.lru_cache(maxsize=1)
def user() -> str:
    """Return the name of the user, or of the user id where it has none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@functools.lru_cache
def _git_commit(folder: Path) -> str | None:
    # Asked once per folder: the running code is what was loaded, whatever is committed meanwhile.
    try:
        found = subprocess.run(  # noqa: S603  # no part of the command comes from outside
            ["git", "-C", str(folder), "rev-parse", "--verify", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_GIT_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def _in_notebook() -> bool:
    # A kernel of Jupyter has put its shell into builtins.
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _given() -> dict[str, str]:
    text = config.RUN_CONTEXT.get()
    if not text:
        return {}
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InvalidInput(f"{config.RUN_CONTEXT.name} must hold a JSON object of tags, got {text!r}.")
    return {str(key): str(value) for key, value in given.items()}
