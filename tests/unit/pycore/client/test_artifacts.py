import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import live_server
from scripted_server import Reply, ScriptedServer

from pycore.client.artifacts import ClientArtifactStores
from pycore.client.transport import Transport
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import ArtifactStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArtifactStore]:
    """The root of a run's artifacts on a real server."""
    with live_server(tmp_path) as uri:
        yield ClientArtifactStores(Transport(uri)).open("mlflow-artifacts:/0/abc/artifacts")


def write(store: ArtifactStore, path: str, content: bytes) -> None:
    store.write(path, io.BytesIO(content))


def read(store: ArtifactStore, path: str) -> bytes:
    with store.open(path) as file:
        return file.read()


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "deep/er/a.txt",
        "ü b+c.txt",
        "q?x=1&y.txt",
        "semi;colon.txt",
        "50%25.txt",
        "quote's \".txt",
        "~a",
    ],
)
def test_a_file_comes_back_under_its_name(store: ArtifactStore, path: str, tmp_path: Path) -> None:
    write(store, path, b"content")

    folder, _, _ = path.rpartition("/")
    assert read(store, path) == b"content"
    assert store.list(folder) == [FileInfo(path, False, 7)]
    assert (tmp_path / "artifacts" / "0" / "abc" / "artifacts" / path).read_bytes() == b"content"


def test_large_and_empty_files(store: ArtifactStore) -> None:
    content = os.urandom(5_000_000)
    write(store, "large", content)
    write(store, "empty", b"")

    assert read(store, "large") == content
    assert read(store, "empty") == b""
    assert store.list() == [FileInfo("empty", False, 0), FileInfo("large", False, 5_000_000)]


def test_files_are_replaced_and_deleted(store: ArtifactStore) -> None:
    write(store, "a/b", b"1")
    write(store, "a/b", b"2")
    assert read(store, "a/b") == b"2"

    store.delete("a")
    store.delete("a")
    assert store.list() == []
    with pytest.raises(NotFound, match="a/b"):
        store.open("a/b")


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "..%2fx", "a\\b", "", "a//b"])
def test_a_path_that_leaves_the_root_is_refused_before_it_is_sent(server: ScriptedServer, path: str) -> None:
    store = ClientArtifactStores(Transport(server.url)).open("mlflow-artifacts:/1")
    for action in (store.open, store.delete, lambda path: write(store, path, b"x")):
        with pytest.raises(InvalidInput, match="Invalid path"):
            action(path)
    assert server.requests == []


def test_credentials_do_not_go_to_another_server(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    stores = ClientArtifactStores(Transport(server.url))

    with pytest.raises(InvalidInput, match="lie on another server than http"):
        stores.open("mlflow-artifacts://elsewhere:5000/1")


def test_the_own_server_may_be_named(server: ScriptedServer) -> None:
    stores = ClientArtifactStores(Transport(server.url))
    stores.open(f"mlflow-artifacts://{server.address}/1/abc").delete("x")

    assert server.requests[0].path == "/api/2.0/mlflow-artifacts/artifacts/1/abc/x"


def test_local_folders_are_opened_directly(server: ScriptedServer, tmp_path: Path) -> None:
    stores = ClientArtifactStores(Transport(server.url))
    (tmp_path / "a").touch()

    for uri in (str(tmp_path), tmp_path.as_uri()):
        assert [info.path for info in stores.open(uri).list()] == ["a"]
    assert server.requests == []


def test_other_schemes_are_refused_with_those_that_can_be_reached(server: ScriptedServer) -> None:
    with pytest.raises(InvalidInput, match=r"expected a path, file:, s3:, gs:.*got ftp:"):
        ClientArtifactStores(Transport(server.url)).open("ftp://host/x")


def test_a_listing_of_a_foreign_server_cannot_lead_out(server: ScriptedServer, tmp_path: Path) -> None:
    from pycore.artifacts import transfer

    server.script = [Reply(body=b'{"files": [{"path": "../../evil", "is_dir": false, "file_size": 1}]}')]
    store = ClientArtifactStores(Transport(server.url)).open("mlflow-artifacts:/1")

    with pytest.raises(InvalidInput, match="Invalid path"):
        transfer.download(store, "", tmp_path / "to")
    assert not list(tmp_path.rglob("evil"))
