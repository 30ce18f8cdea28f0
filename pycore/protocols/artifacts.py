"""What can be asked of a place where artifacts lie."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol, runtime_checkable

from pycore.entities import FileInfo, PartedUpload, SignedUrl, UploadedPart


@runtime_checkable
class VersionedFile(Protocol):
    """An open file without a handle of the operating system, which says itself which state it shows."""

    @property
    def version(self) -> str:
        """Text that changes with the content."""
        ...

    @property
    def modified(self) -> datetime | None:
        """When the content was written, with time zone, where that is known."""
        ...


class ArtifactReader(Protocol):
    """Files below one root, to be read; see `ArtifactStore`."""

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path; nothing for a file or a missing folder."""
        ...

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading; `NotFound` when there is none."""
        ...


class ArtifactStore(ArtifactReader, Protocol):
    """Files below one root. Paths are relative to it, with ``/``; one that leaves it is `InvalidInput`.

    Files are streamed: no method holds a whole file in memory. `pycore.artifacts.transfer` builds the
    copying of files and folders on these four.
    """

    def write(self, path: str, content: BinaryIO) -> None:
        """Write a file whole or not at all, replacing one of that name; parents are made."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all below it; a missing one is no error."""
        ...


@runtime_checkable
class DirectTransfers(Protocol):
    """A store that clients may be sent to, by addresses that are signed for one file."""

    def sign_upload(self, path: str, expires_s: int) -> SignedUrl:
        """Return where a file may be sent by PUT."""
        ...

    def sign_download(self, path: str, expires_s: int) -> SignedUrl:
        """Return where a file may be fetched by GET; `NotFound` when there is none."""
        ...

    def start_parts(self, path: str, count: int) -> PartedUpload:
        """Begin to send a file in parts, each by PUT."""
        ...

    def finish_parts(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make the file of all its parts; it is there whole or not at all."""
        ...

    def abort_parts(self, path: str, upload_id: str) -> None:
        """Forget the parts that were sent."""
        ...


class ArtifactStores(Protocol):
    """The way from an artifact URI to the store it names."""

    def open(self, uri: str) -> ArtifactStore:
        """Return the store rooted at a URI.

        `InvalidInput` for a scheme that cannot be reached from here, naming those that can.
        """
        ...
