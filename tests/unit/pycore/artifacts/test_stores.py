from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycore.artifacts.stores import StoresByScheme, folder_of
from pycore.errors import InvalidInput


def has_file(stores: StoresByScheme, uri: str, file: Path) -> bool:
    stores.open(uri).write("a.txt", io.BytesIO(b"1"))
    return file.read_bytes() == b"1"


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}", "file:{}", "file://localhost{}"])
def test_folders_by_path_and_by_uri(tmp_path, form):
    assert has_file(StoresByScheme(), form.format(tmp_path / "x"), tmp_path / "x/a.txt")


def test_a_file_uri_is_percent_decoded_and_a_path_is_not(tmp_path):
    assert has_file(StoresByScheme(), f"file://{tmp_path}/a%20b", tmp_path / "a b/a.txt")
    assert has_file(StoresByScheme(), f"{tmp_path}/a%20b", tmp_path / "a%20b/a.txt")


def test_relative_paths_are_below_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert has_file(StoresByScheme(), "./mlruns", tmp_path / "mlruns/a.txt")


@pytest.mark.parametrize("destination", ["{}", "{}/", "file://{}"])
@pytest.mark.parametrize("uri", ["mlflow-artifacts:/1/r/artifacts", "mlflow-artifacts:/1/r/artifacts/"])
def test_proxied_uris_lie_below_the_destination(tmp_path, destination, uri):
    stores = StoresByScheme(destination.format(tmp_path))
    assert has_file(stores, uri, tmp_path / "1/r/artifacts/a.txt")


def test_the_destination_itself(tmp_path):
    assert has_file(StoresByScheme(str(tmp_path)), "mlflow-artifacts:/", tmp_path / "a.txt")


@pytest.mark.parametrize("uri", ["mlflow-artifacts:/../x", "mlflow-artifacts:/a/%2e%2e/x"])
def test_proxied_uris_do_not_leave_the_destination(tmp_path, uri):
    with pytest.raises(InvalidInput, match="Invalid path"):
        StoresByScheme(str(tmp_path)).open(uri)


@pytest.mark.parametrize("uri", ["mlflow-artifacts://host/x", "file://host/x"])
def test_other_hosts_are_refused(tmp_path, uri):
    with pytest.raises(InvalidInput, match="lie on"):
        StoresByScheme(str(tmp_path)).open(uri)


def test_unreachable_schemes_name_those_that_can_be_reached(tmp_path):
    with pytest.raises(InvalidInput, match=r"expected a path, file:, s3:, gs:, .*hdfs:, got ftp:"):
        StoresByScheme().open("ftp://host/x")
    with pytest.raises(InvalidInput, match=r"hdfs:, mlflow-artifacts:, got ftp:"):
        StoresByScheme(str(tmp_path)).open("ftp://host/x")


def test_proxied_uris_without_a_destination_say_what_to_do():
    with pytest.raises(InvalidInput, match="--serve-artifacts"):
        StoresByScheme().open("mlflow-artifacts:/1")


def test_a_server_opens_only_its_own_folders(tmp_path):
    own, foreign = tmp_path / "own", tmp_path / "foreign"
    foreign.mkdir()
    own.mkdir()
    stores = StoresByScheme(str(tmp_path / "destination"), [str(own)])
    assert has_file(stores, str(own / "1"), own / "1/a.txt")
    assert has_file(stores, "mlflow-artifacts:/1", tmp_path / "destination/1/a.txt")
    (own / "link").symlink_to(foreign)
    for uri in ("/etc", str(foreign), f"file://{foreign}", f"{own}/../foreign", f"{own}/link", f"{own}x"):
        with pytest.raises(InvalidInput, match="CRATEFLOW_ARTIFACT_ROOTS"):
            stores.open(uri)


@pytest.mark.parametrize("root", ["s3://own/team", "s3://own/team/", "s3://own", "s3:"])
def test_a_server_uses_its_rights_below_its_roots_only(tmp_path, root):
    served = StoresByScheme("s3://served/x/", [])
    for uri in ("mlflow-artifacts:/1", "s3://served/x", "s3://served/x/1"):
        served.open(uri)
    own = StoresByScheme(None, [str(tmp_path), root])
    own.open("s3://own/team")
    own.open("s3://own/team/1/artifacts")
    foreign = {
        served: ["s3://served", "s3://served/y", "s3://served/xy", "s3://own/team"],
        own: [] if root == "s3:" else ["s3://other/team", "s3://own-not/team", "s3://served/x"],
    }
    for stores, uris in foreign.items():
        for uri in uris:
            with pytest.raises(InvalidInput, match=r"are not served here.*CRATEFLOW_ARTIFACT_ROOTS"):
                stores.open(uri)


def test_a_home_folder_is_understood(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert folder_of("~/runs") == Path("/home/ada/runs")
