"""An entry of an artifact listing."""

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
