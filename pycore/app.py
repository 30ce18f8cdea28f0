"""Build the tracking server: the database, the rules, the artifacts and HTTP, put together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from pycore.artifacts.stores import PROXY_SCHEME, StoresByScheme, folder_of, is_local
from pycore.config import ARTIFACT_FOLDERS
from pycore.server.application import HttpOptions, make_app
from pycore.services.build import build_api
from pycore.store.database import Database

DEFAULT_DATABASE = "sqlite:///mlflow.db"
DEFAULT_DESTINATION = "./mlartifacts"
#: Where artifacts lie when clients reach them without this server.
DEFAULT_UNSERVED_ROOT = "./mlruns"


def create_app(
    backend_store_uri: str = DEFAULT_DATABASE,
    artifacts_destination: str = DEFAULT_DESTINATION,
    default_artifact_root: str | None = None,
    serve_artifacts: bool = True,
    http: HttpOptions | None = None,
) -> Flask:
    """Return the WSGI application of the tracking server.

    Opens the database, which is brought to the newest schema. Processes may be forked afterwards:
    they share nothing of it but the file.

    Parameters
    ----------
    backend_store_uri : str
        SQLAlchemy URL of the database.
    artifacts_destination : str
        Folder in which artifacts are kept that clients send to this server.
    default_artifact_root : str, optional
        Artifact location of new experiments: ``mlflow-artifacts:/`` when artifacts are served here,
        ``./mlruns`` otherwise.
    serve_artifacts : bool
        Whether clients reach artifacts through this server.
    http : HttpOptions, optional

    Raises
    ------
    Unavailable
        The database cannot be opened, or was written by a newer release.
    """
    root = default_artifact_root or (f"{PROXY_SCHEME}:/" if serve_artifacts else DEFAULT_UNSERVED_ROOT)
    if is_local(root):
        root = str(folder_of(root))
    readable = [*ARTIFACT_FOLDERS.get(), *([root] if is_local(root) else [])]
    destination = str(_absolute(artifacts_destination)) if serve_artifacts else None
    stores = StoresByScheme(destination, readable)
    api = build_api(Database.open(backend_store_uri), stores, root)
    return make_app(api, http or HttpOptions())


def _absolute(destination: str) -> str | Path:
    return folder_of(destination) if is_local(destination) else destination
