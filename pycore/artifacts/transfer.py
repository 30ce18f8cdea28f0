"""Copying files and folders between a local path and any artifact store, streaming."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pycore.artifacts.paths import checked, checked_folder, joined
from pycore.artifacts.progress import Progress
from pycore.entities import FileInfo
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
    return _upload_file(store, file, folder, Progress(_size(file)))


def upload_folder(store: ArtifactStore, source: Path, folder: str = "") -> list[str]:
    """Copy all files below a folder into a folder of the store, keeping their relative paths.

    Returns
    -------
    list of str
        Their paths in the store, sorted.
    """
    if not source.is_dir():
        raise InvalidInput(f"There is no folder {str(source)!r} to upload.")
    files = []
    for parent, folders, names in os.walk(source):
        folders.sort()
        below = Path(parent).relative_to(source).as_posix()
        target = joined(checked_folder(folder), checked_folder(below)) if below != "." else folder
        files += [(Path(parent, name), target) for name in names]
    progress = Progress(sum(_size(file) for file, _ in files))
    return sorted(_upload_file(store, file, target, progress) for file, target in files)


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
    if path:
        parent = path.rpartition("/")[0]
        found = next((info for info in store.list(parent) if info.path == path), None)
        if found is None:
            raise NotFound(f"No such artifact: {path!r}.")
        infos = list(_tree(store, path)) if found.is_dir else [found]
    else:
        infos = list(_tree(store, path))
    progress = Progress(sum(info.file_size or 0 for info in infos))
    for info in infos:
        if info.is_dir:
            (destination / info.path).mkdir(parents=True, exist_ok=True)
        else:
            _download_file(store, info.path, destination, progress)
    return destination / path


def _size(file: Path) -> int:
    if not file.is_file():
        raise InvalidInput(f"There is no file {str(file)!r} to upload.")
    return file.stat().st_size


def _upload_file(store: ArtifactStore, file: Path, folder: str, progress: Progress) -> str:
    path = joined(checked_folder(folder), file.name)
    with file.open("rb") as content:
        store.write(path, progress.counted(content))
    return path


def _tree(store: ArtifactReader, path: str) -> Iterator[FileInfo]:
    """Yield a folder and all below it, folders before what they hold."""
    yield FileInfo(path, True, None)
    for info in store.list(path):
        # A foreign server names these files; a name that leaves the destination stops here.
        checked(info.path)
        if info.is_dir:
            yield from _tree(store, info.path)
        else:
            yield info


def _download_file(store: ArtifactReader, path: str, destination: Path, progress: Progress) -> None:
    target = destination / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with store.open(path) as content, target.open("wb") as file:
        shutil.copyfileobj(progress.counted(content), file, _CHUNK_BYTES)
