from __future__ import annotations

import hashlib
import io
import os
import resource
import uuid
from collections.abc import Iterator

import pytest
from s3_store import BUCKET, client_of, environment_of, is_empty, s3_store

from pycore.artifacts.progress import observed
from pycore.artifacts.s3 import S3ArtifactStore, open_s3
from pycore.artifacts.stores import StoresByScheme
from pycore.artifacts.transfer import download, upload_folder
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.protocols import VersionedFile


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_store() as url:
        yield url


@pytest.fixture(autouse=True)
def url(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in environment_of(server).items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def folder() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def store(folder: str) -> S3ArtifactStore:
    return open_s3(f"s3://{BUCKET}/{folder}")


def put(store: S3ArtifactStore, path: str, content: bytes = b"content") -> None:
    store.write(path, io.BytesIO(content))


def content_of(store: S3ArtifactStore, path: str) -> bytes:
    with store.open(path) as file:
        return file.read()


class Stream(io.RawIOBase):
    """So many bytes that nobody can seek in, as an upload brings them; breaks off where it is told to."""

    def __init__(self, size: int, fails_at: int | None = None) -> None:
        self.left, self.fails_at, self.given = size, fails_at, 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.fails_at is not None and self.given >= self.fails_at:
            raise InvalidInput("The upload broke off.")
        count = self.left if size < 0 else min(size, self.left)
        data = (self.given.to_bytes(8, "big") * (count // 8 + 1))[:count]
        self.left -= count
        self.given += count
        self.digest.update(data)
        return data


@pytest.mark.parametrize("content", [b"", b"one", os.urandom(3_000_000)], ids=len)
def test_bytes_come_back_as_they_went(store, content):
    put(store, "deep/er/blob ü%25.bin", content)
    assert content_of(store, "deep/er/blob ü%25.bin") == content


def test_a_later_file_replaces_one_of_its_name(store):
    put(store, "a.txt", b"old")
    put(store, "a.txt", b"new")
    assert content_of(store, "a.txt") == b"new"


def test_large_files_go_in_parts_and_come_in_pieces_with_little_memory(store, url, folder):
    content = Stream(150 << 20)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.write("large.bin", content)
    found = hashlib.sha256()
    with store.open("large.bin") as file:
        while piece := file.read(1 << 20):
            found.update(piece)

    assert found.digest() == content.digest.digest()
    head = client_of(url).head_object(Bucket=BUCKET, Key=f"{folder}/large.bin")
    assert head["ETag"].strip('"').endswith("-10")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 80 << 10


@pytest.mark.parametrize("fails_at", [1, 40 << 20])
def test_an_upload_that_breaks_off_leaves_nothing(store, url, folder, fails_at):
    with pytest.raises(InvalidInput, match="broke off"):
        store.write("half.bin", Stream(64 << 20, fails_at))
    assert is_empty(url, folder)


def test_one_level_is_listed_by_path(store, url, folder):
    for path in ("b.txt", "a/x.txt", "a/deep/y.txt", "aa.txt"):
        put(store, path)
    client_of(url).put_object(Bucket=BUCKET, Key=f"{folder}/a/", Body=b"")
    assert store.list() == [FileInfo("a", True), FileInfo("aa.txt", False, 7), FileInfo("b.txt", False, 7)]
    assert store.list("a/") == [FileInfo("a/deep", True), FileInfo("a/x.txt", False, 7)]
    assert store.list("b.txt") == []
    assert store.list("none") == []


def test_more_files_than_a_page_are_listed_and_deleted(store):
    for number in range(1001):
        put(store, f"many/{number:04}", b"")
    assert len(store.list("many")) == 1001
    store.delete("many")
    assert store.list() == []


def test_a_folder_goes_with_all_below_it_and_its_neighbours_stay(store):
    for path in ("a/x", "a/b/y", "ab/z"):
        put(store, path)
    store.delete("a")
    store.delete("a")
    assert store.list() == [FileInfo("ab", True)]
    store.delete("ab/z")
    assert store.list() == []


def test_files_can_be_read_from_anywhere(store):
    put(store, "digits", b"0123456789")
    with store.open("digits") as file:
        assert file.seek(0, os.SEEK_END) == 10
        assert file.read() == b""
        assert file.seek(-3, os.SEEK_END) == 7
        assert file.read() == b"789"
        file.seek(2)
        assert file.read(2) == b"23"
        assert file.tell() == 4


def test_an_open_file_says_which_state_it_shows(store):
    put(store, "a", b"1")
    with store.open("a") as first, store.open("a") as again:
        assert isinstance(first, VersionedFile)
        assert (first.version, first.modified) == (again.version, again.modified)
        put(store, "a", b"2")
        with store.open("a") as second:
            assert second.version != first.version


def test_a_file_that_changes_under_a_reader_is_no_mixture(store):
    put(store, "a", b"1" * 10)
    with store.open("a") as file:
        put(store, "a", b"2" * 10)
        with pytest.raises(Unavailable, match="refuses 'a'"):
            file.read()


def test_folders_go_up_and_down(store, tmp_path):
    (tmp_path / "up/deep").mkdir(parents=True)
    (tmp_path / "up/deep/f").write_bytes(b"f")
    assert upload_folder(store, tmp_path / "up", "model") == ["model/deep/f"]
    assert (download(store, "model", tmp_path / "down") / "deep/f").read_bytes() == b"f"


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "%2e%2e/x", "a\\b", ""])
def test_paths_that_leave_their_place_are_refused(store, path):
    for call in (store.open, store.delete, lambda path: put(store, path)):
        with pytest.raises(InvalidInput, match="Invalid path"):
            call(path)


def test_missing_files_and_buckets(store):
    with pytest.raises(NotFound, match="No such artifact: 'none'"):
        store.open("none")
    with pytest.raises(NotFound, match="no bucket 'nowhere'"):
        open_s3("s3://nowhere/x").list()


@pytest.mark.parametrize("uri", ["s3:/bucket/x", "s3:///x", "s3://bucket/x?y=1"])
def test_uris_without_a_bucket_are_refused(uri):
    with pytest.raises(InvalidInput, match="expected s3://bucket/folder"):
        open_s3(uri)


@pytest.mark.parametrize("uri", ["s3://b/../x", "s3://b/a/%2e%2e/x"])
def test_uris_do_not_climb(uri):
    with pytest.raises(InvalidInput, match="Invalid path"):
        open_s3(uri)


def test_a_store_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="cannot be reached"):
        open_s3(f"s3://{BUCKET}").list()


def test_uploads_take_further_arguments(store, url, folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"ContentType": "text/x-test"}')
    put(store, "a")
    assert client_of(url).head_object(Bucket=BUCKET, Key=f"{folder}/a")["ContentType"] == "text/x-test"

    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"Wrong": "1"}')
    with pytest.raises(InvalidInput, match="MLFLOW_S3_UPLOAD_EXTRA_ARGS cannot be used"):
        put(store, "b")

    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", "[1]")
    with pytest.raises(InvalidInput, match="expected a JSON object of texts"):
        put(store, "b")


def test_settings_that_cannot_be_used_are_named(monkeypatch):
    monkeypatch.setenv("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "sideways")
    with pytest.raises(InvalidInput, match="settings of S3"):
        open_s3(f"s3://{BUCKET}")


@pytest.mark.parametrize("style", ["path", "auto"])
@pytest.mark.parametrize("signature", ["s3v4", "unsigned"])
def test_addressing_and_signing_can_be_chosen(folder, monkeypatch, style, signature):
    monkeypatch.setenv("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", style)
    monkeypatch.setenv("MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION", signature)
    monkeypatch.setenv("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", "20")
    assert open_s3(f"s3://{BUCKET}/{folder}").list() == []


def test_a_bucket_can_stand_behind_a_server(folder):
    put(StoresByScheme(f"s3://{BUCKET}/{folder}/").open("mlflow-artifacts:/1/run/artifacts"), "a.txt", b"1")
    assert content_of(open_s3(f"s3://{BUCKET}/{folder}/1/run"), "artifacts/a.txt") == b"1"


def test_transfers_are_told_of(store, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(b"x" * 20_000_000)
    for transfer in (
        lambda: upload_folder(store, tmp_path),
        lambda: download(store, "large", tmp_path / "down"),
    ):
        told = []
        with observed(lambda *now, told=told: told.append(now)):
            transfer()
        assert told[-1] == (20_000_000, 20_000_000)
        assert len(told) >= 2
