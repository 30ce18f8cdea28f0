"""Entries of artifact listings, and transfers past the server."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True)
class FileInfo(Entity):
    """A file or folder among the artifacts of a run.

    Attributes
    ----------
    path : str
        Relative to the root of the run's artifacts, with ``/``.
    is_dir : bool
    file_size : int or None
        Bytes; None for a folder.
    """

    path: str
    is_dir: bool
    file_size: int | None = None


@dataclass(frozen=True)
class SignedUrl(Entity):
    """An address that may be used for a while by whoever has it.

    Attributes
    ----------
    url : str
    file_size : int or None
        Bytes of the file to be fetched; None for one to be sent.
    """

    url: str
    file_size: int | None = None


@dataclass(frozen=True)
class PartedUpload(Entity):
    """An upload that was begun, and the address of each of its parts in turn."""

    upload_id: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class UploadedPart(Entity):
    """A part that was sent, with what the store answered."""

    part_number: int
    etag: str
