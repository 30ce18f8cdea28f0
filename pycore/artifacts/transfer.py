"""Copying files and folders between a local path and any artifact store, streaming."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pycore.artifacts.paths import checked, checked_folder, joined
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import ArtifactReader, ArtifactStore

_CHUNK_BYTES = 1 << 20


def upload_file(store: ArtifactStore, file: Path, folder: str = "") -> str:
    """Copy a file into a folder of the store, under its own name.

    Returns
    -------
    str
        Its path in the store.
    """
    if not file.is_file():
        raise InvalidInput(f"There is no file {str(file)!r} to upload.")
    path = joined(checked_folder(folder), file.name)
    with file.open("rb") as content:
        store.write(path, content)
    return path


def upload_folder(store: ArtifactStore, source: Path, folder: str = "") -> list[str]:
    """Copy all files below a folder into a folder of the store, keeping their relative paths.

    Returns
    -------
    list of str
        Their paths in the store, sorted.
    """
    if not source.is_dir():
        raise InvalidInput(f"There is no folder {str(source)!r} to upload.")
    uploaded = []
    for parent, folders, names in os.walk(source):
        folders.sort()
        below = Path(parent).relative_to(source).as_posix()
        target = joined(checked_folder(folder), checked_folder(below)) if below != "." else folder
        uploaded += [upload_file(store, Path(parent, name), target) for name in names]
    return sorted(uploaded)


def download(store: ArtifactReader, path: str, destination: Path) -> Path:
    """Copy a file or folder of the store below a local folder, keeping its path.

    Parameters
    ----------
    path : str
        In the store; "" for all of it.
    destination : Path
        Made when missing.

    Returns
    -------
    Path
        The local file or folder.

    Raises
    ------
    NotFound
        The store has neither a file nor a folder of this path.
    """
    path = checked_folder(path)
    destination.mkdir(parents=True, exist_ok=True)
    if not path:
        _download_folder(store, path, destination)
        return destination
    parent = path.rpartition("/")[0]
    found = next((info for info in store.list(parent) if info.path == path), None)
    if found is None:
        raise NotFound(f"No such artifact: {path!r}.")
    if found.is_dir:
        _download_folder(store, path, destination)
    else:
        _download_file(store, path, destination)
    return destination / path


def _download_folder(store: ArtifactReader, path: str, destination: Path) -> None:
    (destination / path).mkdir(parents=True, exist_ok=True)
    for info in store.list(path):
        # A foreign server names these files; a name that leaves the destination stops here.
        below = checked(info.path)
        if info.is_dir:
            _download_folder(store, below, destination)
        else:
            _download_file(store, below, destination)


def _download_file(store: ArtifactReader, path: str, destination: Path) -> None:
    target = destination / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with store.open(path) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file, _CHUNK_BYTES)
