from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycore.artifacts.local import LocalArtifactStore
from pycore.artifacts.progress import Progress, observed
from pycore.artifacts.transfer import download, upload_file, upload_folder


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    return LocalArtifactStore(tmp_path / "root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of 3 MB and 5 bytes."""
    folder = tmp_path / "model"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "large").write_bytes(b"x" * 3_000_000)
    (folder / "small").write_bytes(b"12345")
    return folder


def test_transfers_are_told_of_while_they_go_on(
    store: LocalArtifactStore, folder: Path, tmp_path: Path
) -> None:
    for transfer in (
        lambda: upload_folder(store, folder, "model"),
        lambda: download(store, "model", tmp_path / "down"),
    ):
        told: list[tuple[int, int]] = []
        with observed(lambda *told_now, told=told: told.append(told_now)):
            transfer()
        moved = [moved for moved, _ in told]
        assert {total for _, total in told} == {3_000_005}
        assert moved == sorted(moved)
        assert moved[-1] == 3_000_005
        assert len(moved) >= 4
    assert (tmp_path / "down/model/below/large").read_bytes() == (folder / "below" / "large").read_bytes()


def test_one_file_is_told_of(store: LocalArtifactStore, folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with observed(lambda *now: told.append(now)):
        upload_file(store, folder / "small")
        download(store, "small", tmp_path / "down")
    upload_file(store, folder / "small", "again")
    assert told == [(5, 5), (5, 5)]


def test_what_is_sent_again_counts_once() -> None:
    told: list[int] = []
    with observed(lambda moved, _: told.append(moved)):
        stream = Progress(10).counted(io.BytesIO(b"0123456789"))
    assert stream.seek(0, io.SEEK_END) == 10
    assert stream.tell() == 10
    stream.seek(0)
    assert stream.read(6) == b"012345"
    stream.seek(0)
    assert stream.read() == b"0123456789"
    assert told[0] == 6
    assert told[-1] == 10


def test_without_an_observer_streams_stay_as_they_are() -> None:
    stream = io.BytesIO(b"0")
    assert Progress(1).counted(stream) is stream
