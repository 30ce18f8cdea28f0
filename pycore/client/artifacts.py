"""Artifacts that a server hands through, and those a client reaches by itself."""

from __future__ import annotations

from typing import BinaryIO
from urllib.parse import quote, urlsplit

from pycore.artifacts.paths import checked, checked_folder, joined
from pycore.artifacts.stores import PROXY_SCHEME, StoresByScheme, scheme_of
from pycore.client.transport import Transport
from pycore.entities import FileInfo
from pycore.errors import InvalidInput
from pycore.protocols import ArtifactStore
from pycore.wire import artifacts

PROXY = "mlflow-artifacts/artifacts"


class ProxiedArtifactStore:
    """`pycore.protocols.ArtifactStore` over the server's artifact proxy.

    Parameters
    ----------
    transport : Transport
    root : str
        Path of the store's root on the server, "" for all of it.
    """

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = checked_folder(root)

    def list(self, path: str = "") -> list[FileInfo]:
        """Return one level below a folder, sorted by path."""
        folder = checked_folder(path)
        query = {"path": joined(self._root, folder) if folder else self._root}
        reply = self._transport.call("GET", PROXY, query=query, idempotent=True)
        # The server names the entries of this level only; their folder is ours to put before.
        entries = (artifacts.from_json(item) for item in reply.get("files", ()))
        infos = [FileInfo(joined(folder, entry.path), entry.is_dir, entry.file_size) for entry in entries]
        return sorted(infos, key=lambda info: info.path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        return self._transport.download(self._address(path))

    def write(self, path: str, content: BinaryIO) -> None:
        """Write a file whole or not at all."""
        self._transport.upload(self._address(path), content)

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all below it."""
        self._transport.call("DELETE", self._address(path), idempotent=True)

    def _address(self, path: str) -> str:
        return f"{PROXY}/{quote(joined(self._root, checked(path)))}"


class ClientArtifactStores:
    """`pycore.protocols.ArtifactStores` for a client: the server's proxy, folders of this machine, S3."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._direct = StoresByScheme()

    def open(self, uri: str) -> ArtifactStore:
        """Return the store rooted at a URI."""
        if scheme_of(uri) == PROXY_SCHEME:
            return ProxiedArtifactStore(self._transport, self._path_here(uri))
        return self._direct.open(uri)

    def _path_here(self, uri: str) -> str:
        parts = urlsplit(uri)
        # The request carries the user's credentials: they go to the server they were given for only.
        if parts.netloc and parts.netloc != urlsplit(self._transport.address).netloc:
            raise InvalidInput(
                f"Artifacts at {uri!r} lie on another server than {self._transport.address}; "
                "set that one as the tracking URI."
            )
        return uri.split(":", 1)[1].removeprefix(f"//{parts.netloc}").strip("/")
