"""Artifacts in a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pycore.artifacts.paths import UPLOAD_PREFIX, checked, checked_folder, joined
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound, PayloadTooLarge, Unavailable

_CHUNK_BYTES = 1 << 20

_BAD_PATH = (errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ENOTEMPTY, errno.EEXIST)
_STORE_FAULT = (errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class LocalArtifactStore:
    """Files below a folder, which is made when the first file is written.

    A symbolic link is followed where it stays inside the folder and refused where it leads outside or
    to nothing.

    Parameters
    ----------
    root : path
        Absolute.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path; nothing for a file or a missing folder."""
        path = checked_folder(path)
        folder = self._resolved(path)
        if not folder.is_dir():
            return []
        with _translated(path), os.scandir(folder) as entries:
            infos = [self._info(path, entry) for entry in entries if self._is_visible(entry)]
        return sorted((info for info in infos if info is not None), key=lambda info: info.path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; `NotFound` when there is none."""
        file = self._resolved(checked(path))
        if file.exists() and not file.is_file():
            raise InvalidInput(f"Invalid path: {path!r} is no file; list it and ask for a file in it.")
        with _translated(path):
            return file.open("rb")

    def write(self, path: str, content: BinaryIO) -> None:
        """Write a file whole or not at all, replacing one of that name; parents are made."""
        file = self._resolved(checked(path))
        if file.is_dir():
            raise InvalidInput(f"Invalid path: {path!r} is a folder; a file cannot replace it.")
        with _translated(path):
            self.root.mkdir(parents=True, exist_ok=True)
            # The parents are made last, so that an upload that breaks off leaves no empty folders.
            existing = next(parent for parent in file.parents if parent.exists())
            temporary = existing / f"{UPLOAD_PREFIX}{uuid.uuid4().hex}"
            try:
                with temporary.open("xb") as target:
                    shutil.copyfileobj(content, target, _CHUNK_BYTES)
                file.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(file)
            finally:
                temporary.unlink(missing_ok=True)

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all below it; a missing one is no error. The root stays."""
        target = self._resolved(checked(path))
        parent, _, name = path.rpartition("/")
        entry = self._resolved(parent) / name
        with _translated(path):
            while target.is_dir() and not entry.is_symlink():
                # Somebody else may be deleting it as well.
                with suppress(FileNotFoundError):
                    shutil.rmtree(target)
                    return
            entry.unlink(missing_ok=True)

    def _resolved(self, path: str) -> Path:
        place = self.root / path
        real = Path(os.path.realpath(place))
        if not real.is_relative_to(self.root):
            raise InvalidInput(f"Invalid path: {path!r} leads outside the artifact directory.")
        if real != place and not real.exists():
            self._refuse_dangling(path)
        return real

    def _refuse_dangling(self, path: str) -> None:
        place = self.root
        for part in path.split("/"):
            place /= part
            if place.is_symlink() and not place.exists():
                raise InvalidInput(f"Invalid path: {path!r} passes a link that leads to nothing.")

    def _is_visible(self, entry: os.DirEntry[str]) -> bool:
        if entry.name.startswith(UPLOAD_PREFIX) or not _is_text(entry.name):
            return False
        if not entry.is_symlink():
            return True
        real = Path(os.path.realpath(entry.path))
        return real.exists() and real.is_relative_to(self.root)

    @staticmethod
    def _info(folder: str, entry: os.DirEntry[str]) -> FileInfo | None:
        """Describe an entry; None for one that was deleted since the folder was read."""
        is_dir = entry.is_dir()
        try:
            size = None if is_dir else entry.stat().st_size
        except FileNotFoundError:
            return None
        return FileInfo(joined(folder, entry.name), is_dir, size)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    # Reading the content can fail too (a client that hangs up): such an error is not the store's.
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"No such artifact: {path!r}.") from error
    except OSError as error:
        if error.errno in _BAD_PATH:
            raise InvalidInput(
                f"Invalid path: {path!r} does not fit what is stored: {error.strerror}."
            ) from error
        if error.errno == errno.EFBIG:
            raise PayloadTooLarge(
                f"{path!r} is larger than a file may be where artifacts are kept."
            ) from error
        if error.errno in _STORE_FAULT:
            raise Unavailable(f"The artifact store cannot serve {path!r}: {error.strerror}.") from error
        raise


def _is_text(name: str) -> bool:
    # A name that is not UTF-8 reaches Python with half surrogates, which JSON cannot carry.
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
