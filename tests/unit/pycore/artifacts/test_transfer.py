from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycore.artifacts.local import LocalArtifactStore
from pycore.artifacts.transfer import download, upload_file, upload_folder
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    return LocalArtifactStore(tmp_path / "root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file at the top and one below."""
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors:")
    (folder / "data/crate.bin").write_bytes(b"\0\1")
    return folder


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_file_keeps_its_name(store, folder):
    assert upload_file(store, folder / "MLmodel") == "MLmodel"
    assert upload_file(store, folder / "MLmodel", "a/b") == "a/b/MLmodel"
    assert tree(store.root) == {"MLmodel": b"flavors:", "a/b/MLmodel": b"flavors:"}


@pytest.mark.parametrize("target", ["", "model", "a/b"])
def test_a_folder_goes_up_and_comes_down_as_it_was(store, folder, tmp_path, target):
    uploaded = upload_folder(store, folder, target)
    assert uploaded == sorted(f"{target}/{name}".lstrip("/") for name in tree(folder))
    local = download(store, target, tmp_path / "down")
    assert local == tmp_path / "down" / target
    assert tree(local) == tree(folder)


def test_one_file_comes_down_with_its_path(store, folder, tmp_path):
    upload_folder(store, folder, "model")
    local = download(store, "model/data/crate.bin", tmp_path / "down")
    assert local == tmp_path / "down/model/data/crate.bin"
    assert tree(tmp_path / "down") == {"model/data/crate.bin": b"\0\1"}


def test_an_empty_file_and_an_empty_folder_come_down(store, tmp_path):
    store.write("d/empty", io.BytesIO())
    (store.root / "void").mkdir()
    assert download(store, "d/empty", tmp_path / "down").read_bytes() == b""
    assert download(store, "void", tmp_path / "down").is_dir()


def test_what_is_not_there_is_said(store, tmp_path):
    with pytest.raises(NotFound, match="No such artifact: 'model/x'"):
        download(store, "model/x", tmp_path)
    with pytest.raises(InvalidInput, match="no file"):
        upload_file(store, tmp_path / "missing")
    with pytest.raises(InvalidInput, match="no file"):
        upload_file(store, tmp_path)
    with pytest.raises(InvalidInput, match="no folder"):
        upload_folder(store, tmp_path / "missing")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/%2e%2e/b"])
def test_paths_are_checked(store, folder, tmp_path, path):
    with pytest.raises(InvalidInput, match="Invalid path"):
        download(store, path, tmp_path / "down")
    with pytest.raises(InvalidInput, match="Invalid path"):
        upload_file(store, folder / "MLmodel", path)


class HostileStore(LocalArtifactStore):
    """A server that names files outside of what was asked for."""

    def list(self, path: str = "") -> list[FileInfo]:
        return [FileInfo("../../evil.txt", False, 4)]


def test_a_hostile_listing_does_not_write_outside(tmp_path):
    with pytest.raises(InvalidInput, match="Invalid path"):
        download(HostileStore(tmp_path / "root"), "", tmp_path / "a/b")
    assert tree(tmp_path) == {}
