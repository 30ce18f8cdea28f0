"""What ``--backend-store-uri`` may be, besides the URL of a database."""

from __future__ import annotations

import re
from pathlib import Path

import click

_URL = re.compile(r"[a-z][a-z0-9+]*:", re.IGNORECASE)
#: Where MLflow's R client names a folder, and the R package of ours keeps its database.
FILE = "tracking.db"


def database_url(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return the URL of a database; a folder, made when it is not there, stands for the one in it.

    A callback of click's.
    """
    if _URL.match(value):
        return value
    folder = Path(value).expanduser().absolute()
    if folder.is_file():
        raise click.BadParameter(
            f"{value!r} is a file: give sqlite:///{value} if it is a database of SQLite."
        )
    url = f"sqlite:///{folder / FILE}"
    if next(folder.glob("*/meta.yaml"), None) is not None:
        raise click.BadParameter(
            f"{value!r} is a folder of runs as MLflow kept them. Bring them into a database with "
            f"`crateflow import mlflow {value} --to {url}`, and give that URL."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return url


def existing_database_url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return the URL of a database as `database_url` does, and make no folder."""
    return database_url(context, parameter, value) if Path(value).is_dir() else value
