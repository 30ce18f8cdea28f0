"""From an artifact URI to the store it names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pycore.artifacts import filesystems
from pycore.artifacts.local import LocalArtifactStore
from pycore.artifacts.paths import checked_folder, joined
from pycore.artifacts.s3 import open_s3
from pycore.config import ALLOWED_HOST_SCHEMES, ARTIFACT_FOLDERS
from pycore.errors import InvalidInput
from pycore.protocols import ArtifactStore

PROXY_SCHEME = "mlflow-artifacts"
S3_SCHEME = "s3"
#: Those that are reached over a network by whoever has the rights to.
DIRECT_SCHEMES = (S3_SCHEME, "gs", "abfs", "abfss", "hdfs")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


class StoresByScheme:
    """Stores that this process reaches itself: folders, S3 and others, and what ``mlflow-artifacts:`` means.

    Parameters
    ----------
    destination : str, optional
        Folder or URI that ``mlflow-artifacts:/`` means; without it the scheme is refused.
    local_folders : sequence of str, optional
        The only folders, besides the destination, that may be opened by path. A server names them, so
        that no client makes it read the rest of its disk, or call a host; None allows all.
    """

    def __init__(self, destination: str | None = None, local_folders: Sequence[str] | None = None) -> None:
        self._destination = destination
        self._roots = None
        self._local_folders = None
        if local_folders is not None:
            self._roots = [*local_folders, *([destination] if destination else [])]
            self._local_folders = [
                Path(os.path.realpath(folder_of(root))) for root in self._roots if is_local(root)
            ]

    def open(self, uri: str) -> ArtifactStore:
        """Return the store rooted at a URI.

        Raises
        ------
        InvalidInput
            The scheme cannot be reached from here, or the folder is not one that may be opened.
        """
        scheme = scheme_of(uri)
        if is_local(uri):
            return LocalArtifactStore(self._allowed(folder_of(uri)))
        if scheme == PROXY_SCHEME:
            return self.open(self._behind_proxy(uri))
        if scheme == S3_SCHEME:
            return open_s3(uri)
        if scheme in filesystems.EXTRAS:
            self._check_chosen_here(uri, scheme)
            return filesystems.open_filesystem(uri, scheme)
        known = ["a path", *(f"{name}:" for name in ("file", *DIRECT_SCHEMES))]
        known += [f"{PROXY_SCHEME}:"] if self._destination else []
        raise InvalidInput(
            f"Artifacts at {uri!r} cannot be reached from here: expected {', '.join(known)}, got {scheme}:."
        )

    def _allowed(self, folder: Path) -> Path:
        if self._local_folders is not None:
            real = Path(os.path.realpath(folder))
            if not any(real.is_relative_to(root) for root in self._local_folders):
                raise InvalidInput(
                    f"Artifacts in the folder {str(folder)!r} are not served here. Who runs the server can "
                    f"allow it: name the folder in {ARTIFACT_FOLDERS.name} when starting it."
                )
        return folder

    def _check_chosen_here(self, uri: str, scheme: str) -> None:
        """Refuse to connect to hosts that a client of this server has chosen."""
        if self._roots is None or scheme not in filesystems.ADDRESSED or scheme in ALLOWED_HOST_SCHEMES.get():
            return
        if not any(f"{uri}/".startswith(f"{root.rstrip('/')}/") for root in self._roots):
            raise InvalidInput(
                f"Artifacts at {uri!r} are not served here. Who runs the server can allow it: name "
                f"{scheme} in {ALLOWED_HOST_SCHEMES.name} when starting it."
            )

    def _behind_proxy(self, uri: str) -> str:
        path = uri.split(":", 1)[1]
        if path.startswith("//"):
            raise InvalidInput(f"Artifacts at {uri!r} lie on another server; ask that one.")
        if self._destination is None:
            raise InvalidInput(
                f"Artifacts at {uri!r} lie behind a tracking server that serves artifacts: give its address "
                "as tracking URI; if this is the server, start it with --serve-artifacts."
            )
        return joined(self._destination.rstrip("/"), checked_folder(path.lstrip("/"))).rstrip("/")


def scheme_of(uri: str) -> str:
    """Return the scheme of a URI in lower case, "" for a plain path."""
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def is_local(uri: str) -> bool:
    """Return whether a URI names a folder of this machine."""
    return scheme_of(uri) in ("", "file")


def folder_of(uri: str) -> Path:
    """Return the absolute folder that a path or a ``file:`` URI names."""
    if scheme_of(uri) == "":
        return Path(uri).expanduser().absolute()
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise InvalidInput(f"Artifacts at {uri!r} lie on the host {parts.netloc!r}; a file: URI has none.")
    return Path(unquote(parts.path)).absolute()
