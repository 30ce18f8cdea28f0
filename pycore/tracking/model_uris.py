"""From a model or artifact URI to where it lies, and to a local folder."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pycore.artifacts import paths, transfer
from pycore.artifacts.run_artifacts import RunArtifacts, RunsUri
from pycore.artifacts.stores import folder_of, is_local, scheme_of
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import Api
from pycore.tracking.client_connection import ClientConnection

#: File that tells of a downloaded model which version it is.
REGISTERED_META = "registered_model_meta"

_LOGGED = re.compile(r"models:/+(m-[0-9a-f]{32})(?:/(.*))?")
_BY_ALIAS = re.compile(r"models:/+(?P<name>[^/]+)@(?P<alias>[^/@]+)(?:/(?P<path>.*))?")
_BY_VERSION = re.compile(r"models:/+(?P<name>[^/]+)/(?P<suffix>[^/]+)(?:/(?P<path>.*))?")


@dataclass(frozen=True)
class RegisteredUri:
    """What a ``models:/`` URI stands for: a path in a version, "" for all of it."""

    name: str
    version: str
    path: str


def resolve(uri: str, client: ClientConnection | None = None) -> str:
    """Return the artifact URI or path that a URI stands for.

    Parameters
    ----------
    uri : str
        ``runs:/<run id>/<path>``, ``models:/<name>/<version>``, ``models:/<name>/<stage>``,
        ``models:/<name>/latest``, ``models:/<name>@<alias>``, ``models:/<id of a logged model>``, or an
        artifact URI or path, which stands for itself.
    client : ClientConnection, optional
        Whom to ask about runs and models; the URIs in force when absent.

    Raises
    ------
    InvalidInput
        It is not a proper URI, or names a stage or alias that has no version.
    NotFound
        There is no such run, model or version.
    """
    client = client or ClientConnection()
    scheme = scheme_of(uri)
    if scheme == "runs":
        return RunsUri.parse(uri).resolve(client.tracking)
    if scheme == "models":
        if match := _LOGGED.fullmatch(uri):
            root = client.tracking.logged_models.get(match[1]).artifact_location
            return _below(root, paths.checked_folder(match[2] or ""))
        found = parse_registered(uri, client.registry)
        source = client.registry.model_versions.get_download_uri(found.name, found.version)
        return _below(resolve(source, client), found.path)
    return uri


def parse_registered(uri: str, registry: Api) -> RegisteredUri:
    """Return the version that a ``models:/`` URI stands for now.

    Raises
    ------
    InvalidInput
        It is not a proper URI, or names a stage or alias that has no version.
    NotFound
        There is no such model.
    """
    if match := _BY_ALIAS.fullmatch(uri):
        version = str(registry.model_versions.get_by_alias(match["name"], match["alias"]).version)
    elif match := _BY_VERSION.fullmatch(uri):
        version = _version(match["name"], match["suffix"], registry)
    else:
        raise InvalidInput(
            f"Not a proper models:/ URI: {uri!r}. Expected models:/<name>/<version>, "
            "models:/<name>/<stage>, models:/<name>/latest or models:/<name>@<alias>."
        )
    return RegisteredUri(match["name"], version, paths.checked_folder(match["path"] or ""))


def fetch(uri: str, dst: str | Path | None = None, client: ClientConnection | None = None) -> Path:
    """Return a local folder or file with what lies at a URI.

    Parameters
    ----------
    uri : str
        As for `resolve`.
    dst : path, optional
        Folder to copy into, made when missing. Without it, what is local already is returned in
        place, not to be written to, and the rest goes to a temporary folder that lasts until the
        process ends.

    Raises
    ------
    NotFound
        Nothing lies there.
    InvalidInput, Unavailable
        As `resolve`; also for artifacts of a scheme that cannot be reached from here.
    """
    client = client or ClientConnection()
    root, name = split(resolve(uri, client))
    try:
        found = fetch_below(client, root, name, dst)
    except NotFound as error:
        raise NotFound(f"There is nothing at {uri!r} (no {name!r} in {root!r}).") from error
    is_copy = dst is not None or not is_local(root)
    if is_copy and found.is_dir() and scheme_of(uri) == "models" and not _LOGGED.fullmatch(uri):
        _note_version(found, parse_registered(uri, client.registry))
    return found


def _note_version(folder: Path, version: RegisteredUri) -> None:
    """Leave in the copy of a model which version it is, where MLflow's tools look for it."""
    if not version.path:
        text = f"model_name: {json.dumps(version.name)}\nmodel_version: '{version.version}'\n"
        (folder / REGISTERED_META).write_text(text, encoding="utf-8")


def fetch_below(client: ClientConnection, root: str, path: str, dst: str | Path | None = None) -> Path:
    """Return a local folder or file with what lies at a path below an artifact URI; see `fetch`.

    A copy keeps the path below `dst`.
    """
    if dst is None and is_local(root):
        # Needs no server, and must not make an empty database to find that out.
        local = folder_of(root) / paths.checked_folder(path)
        if not local.exists():
            raise NotFound(f"No such artifact: {path!r} in {root!r}.")
        return local
    destination = temporary_folder() if dst is None else Path(dst).absolute()
    return transfer.download(client.tracking.artifacts.open(root), path, destination)


def fetch_of_run(client: ClientConnection, run_id: str, path: str, dst: str | Path | None = None) -> Path:
    """Return a local folder or file with what a run has at a path, the models it logged included.

    A copy keeps the path below `dst`; see `fetch`.
    """
    artifacts = RunArtifacts(client.tracking, run_id)
    if dst is None and is_local(artifacts.root_uri) and (path or not artifacts.models()):
        return fetch_below(client, *split(artifacts.locate(path)))
    destination = temporary_folder() if dst is None else Path(dst).absolute()
    return transfer.download(artifacts, path, destination)


def temporary_folder() -> Path:
    """Return a new folder that lasts until the process ends."""
    return Path(tempfile.mkdtemp(dir=_temporary_root()))


def split(uri: str) -> tuple[str, str]:
    """Return the folder and the name in it, so that a file is found as well as a folder."""
    if is_local(uri):
        folder = folder_of(uri)
        return str(folder.parent), folder.name
    root, _, name = uri.rstrip("/").rpartition("/")
    return root, name


def _below(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}" if path else root


def _version(name: str, suffix: str, registry: Api) -> str:
    if suffix.isdecimal():
        return suffix
    stages = () if suffix.lower() == "latest" else (suffix,)
    versions = registry.registered_models.get_latest_versions(name, stages)
    if not versions:
        where = f"in stage {suffix!r}" if stages else "at all"
        raise InvalidInput(f"No versions of model with name {name!r} found {where}.")
    return str(max(versions, key=lambda version: int(version.version)).version)


@functools.lru_cache(maxsize=1)
def _temporary_root() -> str:
    folder = tempfile.mkdtemp(prefix="crateflow-")
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: str, owner: int) -> None:
    # A forked process also runs this at its end, while the owner still reads the folder.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
