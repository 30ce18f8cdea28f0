from __future__ import annotations

import errno
import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from pycore.artifacts.local import LocalArtifactStore
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound, Unavailable


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    return LocalArtifactStore(tmp_path / "root")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a file, beside the root."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


def put(store: LocalArtifactStore, path: str, content: bytes = b"content") -> None:
    store.write(path, io.BytesIO(content))


def content_of(store: LocalArtifactStore, path: str) -> bytes:
    with store.open(path) as file:
        return file.read()


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


class BrokenUpload(io.BytesIO):
    """A body whose sender goes away after the first piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = iter([b"half of it"])

    def read(self, size: int | None = -1) -> bytes:
        for piece in self.pieces:
            return piece
        raise ConnectionError("the client went away")


def test_what_is_written_is_read(store):
    put(store, "model/MLmodel", b"flavors:")
    assert content_of(store, "model/MLmodel") == b"flavors:"
    put(store, "model/MLmodel", b"other")
    assert content_of(store, "model/MLmodel") == b"other"


def test_a_missing_root_is_an_empty_store(store):
    assert store.list() == []
    with pytest.raises(NotFound, match="No such artifact: 'a'"):
        store.open("a")
    store.delete("a")
    assert not store.root.exists()


def test_listing_shows_one_level_by_path(store):
    for path in ("b/c.txt", "b/d/e.txt", "a.txt", "Z.txt", "empty"):
        put(store, path, b"" if path == "empty" else b"12345")
    assert store.list() == [
        FileInfo("Z.txt", False, 5),
        FileInfo("a.txt", False, 5),
        FileInfo("b", True),
        FileInfo("empty", False, 0),
    ]
    assert store.list("b") == store.list("b/") == [FileInfo("b/c.txt", False, 5), FileInfo("b/d", True)]
    assert store.list(".") == store.list()


def test_what_is_deleted_meanwhile_is_not_listed(store, monkeypatch):
    put(store, "a.txt")
    put(store, "gone.txt")
    scandir = os.scandir

    def scandir_then_delete(folder):
        entries = list(scandir(folder))
        store.delete("gone.txt")
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", scandir_then_delete)
    assert [info.path for info in store.list()] == ["a.txt"]


def test_many_may_delete_a_folder_at_once(store):
    for _ in range(5):
        for number in range(200):
            put(store, f"d/{number % 10}/{number}")
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(store.delete, ["d"] * 4)) == [None] * 4
        assert everything(store.root) == []


@pytest.mark.parametrize("path", ["a.txt", "nowhere", "a.txt/below"])
def test_a_file_or_nothing_lists_as_empty(store, path):
    put(store, "a.txt")
    assert store.list(path) == []


def test_names_survive_as_they_are(store):
    names = ["50%25.txt", "a b", "é", "what?.csv", "a;b", "loss:train", "trailing "]
    for name in names:
        put(store, name, name.encode())
    assert [info.path for info in store.list()] == sorted(names)
    assert all(content_of(store, name) == name.encode() for name in names)


def test_a_broken_upload_leaves_nothing(store):
    put(store, "kept.txt", b"old")
    for path in ("new/folder/file", "kept.txt"):
        with pytest.raises(ConnectionError):
            store.write(path, BrokenUpload())
    assert everything(store.root) == ["kept.txt"]
    assert content_of(store, "kept.txt") == b"old"


def test_uploads_under_way_are_hidden(store):
    put(store, "a.txt")
    (store.root / ".crateflow-upload-abc").write_text("half")
    assert [info.path for info in store.list()] == ["a.txt"]
    with pytest.raises(InvalidInput, match="reserved"):
        store.open(".crateflow-upload-abc")


def test_files_are_readable_as_the_process_would_make_them(store):
    put(store, "a.txt")
    (store.root / "other").write_text("")
    assert (store.root / "a.txt").stat().st_mode == (store.root / "other").stat().st_mode


def test_delete_takes_files_and_folders_and_forgives_absence(store):
    for path in ("d/a", "d/e/b", "c"):
        put(store, path)
    store.delete("d")
    store.delete("c")
    store.delete("c")
    store.delete("d/a")
    assert everything(store.root) == []


@pytest.mark.parametrize("path", ["", ".", "./", "x/..", ".."])
def test_the_root_is_never_deleted(store, path):
    put(store, "a")
    with pytest.raises(InvalidInput):
        store.delete(path)
    assert content_of(store, "a") == b"content"


@pytest.mark.parametrize("path", ["d", "f/below", "f/below/deeper"])
def test_a_file_does_not_replace_a_folder_nor_sit_below_a_file(store, path):
    put(store, "d/a")
    put(store, "f")
    with pytest.raises(InvalidInput, match="Invalid path"):
        put(store, path)
    assert everything(store.root) == ["d", "d/a", "f"]


def test_a_folder_or_pipe_cannot_be_opened(store):
    put(store, "d/a")
    os.mkfifo(store.root / "pipe")
    for path in ("d", "pipe"):
        with pytest.raises(InvalidInput, match="is no file"):
            store.open(path)


def test_links_to_the_outside_are_refused_everywhere(store, outside):
    put(store, "a")
    (store.root / "folder").symlink_to(outside)
    (store.root / "file").symlink_to(outside / "secret.txt")
    for path in ("folder/secret.txt", "file"):
        with pytest.raises(InvalidInput, match="outside the artifact directory"):
            store.open(path)
        with pytest.raises(InvalidInput, match="outside the artifact directory"):
            put(store, path)
        with pytest.raises(InvalidInput, match="outside the artifact directory"):
            store.delete(path)
    with pytest.raises(InvalidInput, match="outside the artifact directory"):
        put(store, "folder/new.txt")
    with pytest.raises(InvalidInput, match="outside the artifact directory"):
        store.list("folder")
    assert [info.path for info in store.list()] == ["a"]
    assert everything(outside) == ["secret.txt"]


def test_links_to_nothing_are_refused(store, outside):
    put(store, "a")
    (store.root / "dangling").symlink_to(store.root / "nothing")
    for attempt in (store.open, store.delete, lambda path: put(store, path)):
        with pytest.raises(InvalidInput, match="leads to nothing"):
            attempt("dangling")
    with pytest.raises(InvalidInput, match="leads to nothing"):
        put(store, "dangling/below")
    assert [info.path for info in store.list()] == ["a"]


def test_links_within_the_root_are_followed(store):
    put(store, "real/a", b"1")
    (store.root / "link").symlink_to("real")
    (store.root / "file").symlink_to("real/a")
    assert content_of(store, "link/a") == content_of(store, "file") == b"1"
    put(store, "file", b"22")
    assert content_of(store, "real/a") == b"22"
    assert [(info.path, info.file_size) for info in store.list()] == [
        ("file", 2),
        ("link", None),
        ("real", None),
    ]


def test_deleting_a_link_keeps_what_it_points_at(store):
    put(store, "real/a")
    (store.root / "link").symlink_to("real")
    (store.root / "file").symlink_to("real/a")
    store.delete("link")
    store.delete("file")
    assert everything(store.root) == ["real", "real/a"]


def test_deleting_a_folder_keeps_what_its_links_point_at(store, outside):
    put(store, "d/a")
    (store.root / "d/link").symlink_to(outside)
    store.delete("d")
    assert everything(outside) == ["secret.txt"]


def test_a_root_that_is_a_link_itself_is_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    store = LocalArtifactStore(tmp_path / "link")
    put(store, "a")
    assert content_of(store, "a") == b"content"


def test_names_that_are_not_text_are_not_listed(store):
    put(store, "a")
    with open(os.fsencode(store.root) + b"/\xff", "wb"):  # noqa: PTH123  # such a name is no str
        pass
    assert [info.path for info in store.list()] == ["a"]


class FullDisk(io.BytesIO):
    """A body whose storing fails as it does when the disk is full."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_store_that_cannot_write_now_says_why(store):
    put(store, "a.txt", b"old")
    with pytest.raises(Unavailable, match=r"cannot serve 'a.txt': No space left on device"):
        store.write("a.txt", FullDisk())
    assert content_of(store, "a.txt") == b"old"
    assert everything(store.root) == ["a.txt"]
