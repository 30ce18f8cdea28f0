"""The stores that fsspec reaches, shown with two that need no network: memory, and one with real folders."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from pycore.artifacts.filesystems import FilesystemArtifactStore, open_filesystem
from pycore.artifacts.stores import StoresByScheme
from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.protocols import ArtifactStore, VersionedFile

CONTENT = bytes(range(256)) * 20_000


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "memory":
        return StoresByScheme().open(f"memory://{tmp_path}")
    return FilesystemArtifactStore(fsspec.filesystem("file"), str(tmp_path / "store"), has_folders=True)


def put(store: ArtifactStore, path: str, content: bytes = b"x") -> None:
    store.write(path, io.BytesIO(content))


def listed(store: ArtifactStore, path: str = "") -> list[tuple[str, int | None]]:
    return [(info.path, info.file_size) for info in store.list(path)]


def test_bytes_go_up_and_come_down(store: ArtifactStore) -> None:
    put(store, "d/e/blob.bin", CONTENT)
    with store.open("d/e/blob.bin") as file:
        assert isinstance(file, VersionedFile)
        assert file.seek(0, io.SEEK_END) == len(CONTENT)
        file.seek(1000)
        assert file.read(256) == CONTENT[1000:1256]
        file.seek(0)
        assert file.read() == CONTENT


def test_a_new_content_has_another_version(store: ArtifactStore) -> None:
    versions = set()
    for content in (b"one", b"two!"):
        put(store, "a.txt", content)
        with store.open("a.txt") as file:
            assert file.read() == content
            versions.add(file.version)
    assert len(versions) == 2


def test_one_level_is_listed(store: ArtifactStore) -> None:
    for path in ("b.txt", "a/x.txt", "a/y/z.txt", "ab/c.txt"):
        put(store, path)
    assert listed(store) == [("a", None), ("ab", None), ("b.txt", 1)]
    assert listed(store, "a") == [("a/x.txt", 1), ("a/y", None)]
    assert listed(store, "b.txt") == listed(store, "missing") == []


def test_what_is_deleted_is_gone(store: ArtifactStore) -> None:
    for path in ("a/x.txt", "a/y/z.txt", "b.txt"):
        put(store, path)
    for path in ("a", "b.txt", "b.txt"):
        store.delete(path)
    assert listed(store, "a") == []
    for path in ("a/x.txt", "b.txt"):
        with pytest.raises(NotFound, match="No such artifact"):
            store.open(path)


def test_an_upload_that_breaks_off_leaves_nothing(store: ArtifactStore) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise InvalidInput("The upload broke off.")

    with pytest.raises(InvalidInput, match="broke off"):
        store.write("d/a.txt", Broken())
    assert listed(store, "d") == []


def test_folders_and_files_are_told_apart(store: ArtifactStore) -> None:
    put(store, "a/x.txt")
    with pytest.raises(InvalidInput, match="is no file"):
        store.open("a")
    with pytest.raises(InvalidInput, match="is a folder"):
        put(store, "a")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/%2e%2e/x", ""])
def test_bad_paths_are_refused(store: ArtifactStore, path: str) -> None:
    for use in (store.open, store.delete, lambda path: put(store, path)):
        with pytest.raises(InvalidInput, match="Invalid path"):
            use(path)


@pytest.mark.parametrize("uri", ["memory://x::file:///etc", "memory://a/../b"])
def test_chains_and_detours_are_refused(uri: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be found"):
        open_filesystem(uri, "memory")


def test_a_missing_package_is_named() -> None:
    with pytest.raises(Unavailable, match=r"pip install 'crateflow\[gcs\]'"):
        StoresByScheme().open("gs://bucket/folder")
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from pycore.artifacts.stores import StoresByScheme\n"
        "StoresByScheme().open('abfs://container/folder')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'crateflow[azure]'" in done.stderr


def test_what_a_store_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    store = StoresByScheme().open("memory://refusing")
    monkeypatch.setattr(store._filesystem, "ls", lambda *_, **__: 1 / 0)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="cannot serve 'a': division by zero"):
        store.list("a")


def test_clients_of_a_server_do_not_choose_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = StoresByScheme("memory://destination", ["memory://root/"])
    for uri in ("mlflow-artifacts:/1/a", "memory://root/1", "memory://destination"):
        put(stores.open(uri), "a.txt")
    for uri in ("memory://elsewhere", "memory://root-too"):
        with pytest.raises(InvalidInput, match=r"are not served here.*CRATEFLOW_ARTIFACT_ROOTS"):
            stores.open(uri)
    monkeypatch.setenv("MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES", "memory")
    put(stores.open("memory://elsewhere"), "a.txt")
