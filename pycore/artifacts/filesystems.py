"""Artifacts in stores that fsspec reaches: Google Cloud Storage, Azure and Hadoop."""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO, cast

from pycore.artifacts.paths import UPLOAD_PREFIX, checked, checked_folder, joined
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, MlflowException, NotFound, Unavailable

#: Scheme -> the extra of this package that brings what fsspec needs for it.
EXTRAS: Mapping[str, str] = {
    "gs": "gcs",
    "abfs": "azure",
    "abfss": "azure",
    "hdfs": "hdfs",
    "memory": "fsspec",
}
#: Those whose address names a host or nothing outside this process: clients of a server do not choose them.
ADDRESSED = frozenset({"abfs", "abfss", "hdfs", "memory"})

_CHUNK_BYTES = 1 << 20
#: Others keep names with slashes in them, and have no folders to make.
_WITH_FOLDERS = frozenset({"hdfs"})


def open_filesystem(uri: str, scheme: str) -> FilesystemArtifactStore:
    """Return the store that a URI names.

    Raises
    ------
    InvalidInput
        The URI is a chain of several, or not one of its scheme.
    Unavailable
        What the scheme needs is not installed, or refuses to start.
    """
    # fsspec would take what follows for another address, such as a local one.
    if "::" in uri or ".." in uri.split("/"):
        raise InvalidInput(f"Artifacts at {uri!r} cannot be found: expected {scheme}://<place>/<folder>.")
    try:
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(uri, use_listings_cache=False)
    except ImportError as error:
        raise Unavailable(
            f"Artifacts at {scheme}: addresses need a package that is not installed ({error}): pip install "
            f"'crateflow[{EXTRAS[scheme]}]'."
        ) from error
    except Exception as error:  # the libraries behind the schemes share no class of errors
        raise Unavailable(f"The artifact store at {uri!r} cannot be opened: {error}.") from error
    return FilesystemArtifactStore(filesystem, path.rstrip("/"), scheme in _WITH_FOLDERS)


class FilesystemArtifactStore:
    """Files of a file system of fsspec's, below a folder.

    Parameters
    ----------
    filesystem : fsspec.AbstractFileSystem
        Without a cache of listings.
    root : str
        Path in it.
    has_folders : bool
        Whether a folder must be made before its first file.
    """

    def __init__(self, filesystem: Any, root: str, has_folders: bool) -> None:
        self._filesystem = filesystem
        self._root = root
        self._has_folders = has_folders

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path; nothing for a file or a missing folder."""
        path = checked_folder(path)
        place = self._place(path)
        with _translated(path):
            try:
                entries = self._filesystem.ls(place, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        infos = []
        for entry in entries:
            entry_place = entry["name"].strip("/")
            name = entry_place.rpartition("/")[2]
            # A file is listed as itself, and so are the marks that some programs set for folders.
            if entry_place != place.strip("/") and not name.startswith(UPLOAD_PREFIX):
                is_dir = entry["type"] == "directory"
                infos.append(FileInfo(joined(path, name), is_dir, None if is_dir else entry["size"]))
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; `NotFound` when there is none."""
        place = self._place(checked(path))
        with _translated(path):
            if self._filesystem.info(place)["type"] == "directory":
                raise InvalidInput(f"Invalid path: {path!r} is no file; list it and ask for a file in it.")
            return cast(BinaryIO, _RemoteFile(self._filesystem, place))

    def write(self, path: str, content: BinaryIO) -> None:
        """Write a file whole or not at all, replacing one of that name; parents are made."""
        place = self._place(checked(path))
        parent = place.rpartition("/")[0]
        temporary = f"{parent}/{UPLOAD_PREFIX}{uuid.uuid4().hex}"
        with _translated(path):
            if self._filesystem.isdir(place):
                raise InvalidInput(f"Invalid path: {path!r} is a folder; a file cannot replace it.")
            if self._has_folders:
                self._filesystem.makedirs(parent, exist_ok=True)
            try:
                with self._filesystem.open(temporary, "wb") as target:
                    shutil.copyfileobj(content, target, _CHUNK_BYTES)
                self._filesystem.mv(temporary, place)
            except BaseException:  # an interrupt, too, must leave no half file
                with suppress(Exception):
                    self._filesystem.rm(temporary)
                raise

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all below it; a missing one is no error."""
        place = self._place(checked(path))
        with _translated(path), suppress(FileNotFoundError):
            self._filesystem.rm(place, recursive=True)

    def _place(self, path: str) -> str:
        return joined(self._root, path) if path else self._root


class _RemoteFile(io.BufferedReader):
    """A file of a store as an open file; implements `pycore.protocols.VersionedFile`."""

    def __init__(self, filesystem: Any, place: str) -> None:
        self.version: str = filesystem.ukey(place)
        self.modified: datetime | None = None
        # Not every store knows the time.
        with suppress(NotImplementedError, FileNotFoundError):
            self.modified = filesystem.modified(place)
        super().__init__(filesystem.open(place, "rb"), _CHUNK_BYTES)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except MlflowException:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"No such artifact: {path!r}.") from error
    except Exception as error:  # the libraries behind the schemes share no class of errors
        raise Unavailable(f"The artifact store cannot serve {path!r}: {error}.") from error
