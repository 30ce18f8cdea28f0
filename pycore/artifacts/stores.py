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
from pycore.config import ALLOWED_HOST_SCHEMES, ARTIFACT_ROOTS
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
    roots : sequence of str, optional
        Folders and URIs below which, besides the destination, stores may be opened; ``s3:`` is all of S3.
        A server names them, so that no client makes it read the rest of its disk, use its rights to
        another bucket or call a host. None allows all.
    """

    def __init__(self, destination: str | None = None, roots: Sequence[str] | None = None) -> None:
        self._destination = destination
        self._roots = None
        if roots is not None:
            self._roots = [*roots, *([destination] if destination else [])]
        local = [root for root in self._roots or () if is_local(root)]
        self._folders = [Path(os.path.realpath(folder_of(root))) for root in local]

    def open(self, uri: str) -> ArtifactStore:
        """Return the store rooted at a URI.

        Raises
        ------
        InvalidInput
            The scheme cannot be reached from here, or the place is not one that may be opened.
        """
        scheme = scheme_of(uri)
        if scheme == PROXY_SCHEME:
            return self.open(self._behind_proxy(uri))
        if is_local(uri):
            folder = folder_of(uri)
            self._check(uri, self._is_own_folder(folder))
            return LocalArtifactStore(folder)
        if scheme == S3_SCHEME:
            self._check(uri, self._is_below_root(uri))
            return open_s3(uri)
        if scheme in filesystems.EXTRAS:
            may_name_hosts = scheme in filesystems.ADDRESSED and scheme in ALLOWED_HOST_SCHEMES.get()
            self._check(uri, may_name_hosts or self._is_below_root(uri))
            return filesystems.open_filesystem(uri, scheme)
        known = ["a path", *(f"{name}:" for name in ("file", *DIRECT_SCHEMES))]
        known += [f"{PROXY_SCHEME}:"] if self._destination else []
        raise InvalidInput(
            f"Artifacts at {uri!r} cannot be reached from here: expected {', '.join(known)}, got {scheme}:."
        )

    def _check(self, uri: str, is_own: bool) -> None:
        if self._roots is not None and not is_own:
            raise InvalidInput(
                f"Artifacts at {uri!r} are not served here. Who runs the server can allow it: name it, or "
                f"what it lies below, in {ARTIFACT_ROOTS.name} when starting it."
            )

    def _is_own_folder(self, folder: Path) -> bool:
        real = Path(os.path.realpath(folder))
        return any(real.is_relative_to(root) for root in self._folders)

    def _is_below_root(self, uri: str) -> bool:
        return any(
            f"{uri}/".startswith(root if root.endswith(":") else f"{root.rstrip('/')}/")
            for root in self._roots or ()
            if not is_local(root)
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
