"""What every store of artifacts must do, tried on real ones and on stand-ins."""

from __future__ import annotations

import io

import pytest

from pycore.errors import InvalidInput, NotFound
from pycore.protocols import ArtifactStore, VersionedFile

CONTENT = bytes(range(256)) * 20_000


def put(store: ArtifactStore, path: str, content: bytes = b"x") -> None:
    store.write(path, io.BytesIO(content))


def listed(store: ArtifactStore, path: str = "") -> list[tuple[str, int | None]]:
    return [(info.path, info.file_size) for info in store.list(path)]


class ArtifactStoreContract:
    """Tests for the fixture `store`, an empty one, which a class for each family of stores adds."""

    def test_bytes_go_up_and_come_down(self, store: ArtifactStore) -> None:
        put(store, "d/e/blob.bin", CONTENT)
        with store.open("d/e/blob.bin") as file:
            assert isinstance(file, VersionedFile)
            assert file.seek(0, io.SEEK_END) == len(CONTENT)
            file.seek(1000)
            assert file.read(256) == CONTENT[1000:1256]
            file.seek(0)
            assert file.read() == CONTENT

    def test_a_new_content_has_another_version(self, store: ArtifactStore) -> None:
        versions = set()
        for content in (b"one", b"two!"):
            put(store, "a.txt", content)
            with store.open("a.txt") as file:
                assert file.read() == content
                versions.add(file.version)
        assert len(versions) == 2

    def test_one_level_is_listed(self, store: ArtifactStore) -> None:
        for path in ("b.txt", "a/x.txt", "a/y/z.txt", "ab/c.txt"):
            put(store, path)
        assert listed(store) == [("a", None), ("ab", None), ("b.txt", 1)]
        assert listed(store, "a") == [("a/x.txt", 1), ("a/y", None)]
        assert listed(store, "b.txt") == listed(store, "missing") == []

    def test_what_is_deleted_is_gone(self, store: ArtifactStore) -> None:
        for path in ("a/x.txt", "a/y/z.txt", "b.txt"):
            put(store, path)
        for path in ("a", "b.txt", "b.txt"):
            store.delete(path)
        assert listed(store, "a") == []
        for path in ("a/x.txt", "b.txt"):
            with pytest.raises(NotFound, match="No such artifact"):
                store.open(path)

    def test_an_upload_that_breaks_off_leaves_nothing(self, store: ArtifactStore) -> None:
        class Broken(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                raise InvalidInput("The upload broke off.")

        with pytest.raises(InvalidInput, match="broke off"):
            store.write("d/a.txt", Broken())
        assert listed(store, "d") == []

    def test_folders_and_files_are_told_apart(self, store: ArtifactStore) -> None:
        put(store, "a/x.txt")
        with pytest.raises(InvalidInput, match="is no file"):
            store.open("a")
        with pytest.raises(InvalidInput, match="is a folder"):
            put(store, "a")

    @pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/%2e%2e/x", ""])
    def test_bad_paths_are_refused(self, store: ArtifactStore, path: str) -> None:
        for use in (store.open, store.delete, lambda path: put(store, path)):
            with pytest.raises(InvalidInput, match="Invalid path"):
                use(path)
