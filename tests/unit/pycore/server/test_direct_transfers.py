"""Transfers past the server, with a store that takes part in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rest import API, PROXY, Rest
from s3_store import BUCKET, environment_of, is_empty, s3_store
from waiting import LIMIT_S

from pycore.artifacts.stores import StoresByScheme
from pycore.protocols import Api
from pycore.server.application import HttpOptions, make_app
from pycore.services.build import build_api
from pycore.store.database import Database

#: The smallest that a part but the last may have in S3.
PART = b"x" * (5 << 20)


@pytest.fixture(scope="module")
def store_url() -> Iterator[str]:
    with s3_store() as url:
        yield url


@pytest.fixture(autouse=True)
def environment(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(store_url).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return tmp_path.name


@pytest.fixture
def api(tmp_path: Path, place: str) -> Iterator[Api]:
    with Database.open(f"sqlite:///{tmp_path}/x.db") as database:
        stores = StoresByScheme(f"s3://{BUCKET}/{place}", [])
        yield build_api(database, stores, "mlflow-artifacts:/")


@pytest.fixture
def rest(api: Api) -> Rest:
    return Rest(make_app(api, HttpOptions()), API)


@pytest.fixture
def files(rest: Rest) -> Rest:
    return Rest(rest.http.application, PROXY)


def begin(files: Rest, count: int = 2) -> dict[str, Any]:
    return files.post("mpu/create/1/run/artifacts", path="/home/ada/big.bin", num_parts=count)


def send(credential: dict[str, Any], content: bytes) -> dict[str, Any]:
    reply = requests.put(credential["url"], content, headers=credential["headers"], timeout=LIMIT_S)
    assert reply.status_code == 200
    return {"part_number": credential["part_number"], "etag": reply.headers["ETag"], "url": credential["url"]}


def test_a_file_is_sent_in_parts_and_fetched_from_the_store(files: Rest) -> None:
    begun = begin(files)
    parts = [
        send(credential, content)
        for credential, content in zip(begun["credentials"], (PART, b"end"), strict=True)
    ]
    assert files.get("artifacts", path="1/run/artifacts") == {}
    upload = {"path": "big.bin", "upload_id": begun["upload_id"]}
    assert files.post("mpu/complete/1/run/artifacts", **upload, parts=parts) == {}

    signed = files.get("presigned/1/run/artifacts/big.bin")
    assert (signed["headers"], signed["file_size"]) == ({}, len(PART) + 3)
    assert requests.get(signed["url"], timeout=LIMIT_S).content == PART + b"end"


def test_an_upload_in_parts_is_given_up(files: Rest, place: str, store_url: str) -> None:
    begun = begin(files)
    send(begun["credentials"][0], PART)
    upload = {"path": "big.bin", "upload_id": begun["upload_id"]}
    assert files.post("mpu/abort/1/run/artifacts", **upload) == {}
    assert is_empty(store_url, place)


def test_parts_that_make_no_file_are_refused(files: Rest) -> None:
    begun = begin(files)
    parts = [send(credential, b"too small") for credential in begun["credentials"]]
    upload = {"path": "big.bin", "upload_id": begun["upload_id"]}
    status, code, message = files.refusal("POST", "mpu/complete/1/run/artifacts", **upload, parts=parts)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "do not make a file" in message
    status, _, message = files.refusal("POST", "mpu/abort/1/run/artifacts", path="x", upload_id="none")
    assert (status, "begin it again" in message) == (404, True)


@pytest.mark.parametrize(
    ("path", "fields", "says"),
    [
        ("mpu/create/..%2fx", {"path": "a", "num_parts": 1}, "Invalid path"),
        ("mpu/create/a", {"path": "..", "num_parts": 1}, "Invalid path"),
        ("mpu/create/a", {"num_parts": 1}, "Missing value for required parameter 'path'"),
        ("mpu/create/a", {"path": "b", "num_parts": 0}, "expected 1 to 10000, got 0"),
        ("mpu/create/a", {"path": "b", "num_parts": 10001}, "expected 1 to 10000, got 10001"),
    ],
)
def test_bad_beginnings(files: Rest, path: str, fields: dict[str, Any], says: str) -> None:
    status, _, message = files.refusal("POST", path, **fields)
    assert (status, says in message) == (400, True), message


@pytest.mark.parametrize("owner", ["run_id", "model_id"])
def test_a_file_of_a_run_or_model_is_sent_and_fetched(api: Api, rest: Rest, owner: str) -> None:
    run_id = api.runs.create("0").info.run_id
    model_id = api.logged_models.create("0", "tree", run_id).model_id
    whose = {owner: {"run_id": run_id, "model_id": model_id}[owner]}
    signed = rest.post("artifacts/presigned-upload-url", **whose, path="d/a.txt")
    assert (
        requests.put(signed["presigned_url"], b"abc", headers=signed["headers"], timeout=LIMIT_S).status_code
        == 200
    )
    if owner == "model_id":
        root = api.logged_models.get(model_id).artifact_location
        assert [info.path for info in api.artifacts.open(root).list("d")] == ["d/a.txt"]
        return
    fetched = rest.post("artifacts/presigned-download-url", run_id=run_id, path="d/a.txt", expiration=60)
    assert fetched["file_size"] == 3
    assert requests.get(fetched["presigned_url"], timeout=LIMIT_S).content == b"abc"


def test_addresses_that_are_not_signed(api: Api, rest: Rest, files: Rest) -> None:
    run_id = api.runs.create("0").info.run_id
    for fields, status in (
        ({"path": "a"}, 400),
        ({"path": "a", "run_id": run_id, "model_id": "m"}, 400),
        ({"path": "../a", "run_id": run_id}, 400),
        ({"path": "a", "run_id": run_id, "expiration": 0}, 400),
        ({"path": "a", "run_id": run_id, "expiration": 604801}, 400),
        ({"path": "a", "run_id": "0" * 32}, 404),
    ):
        assert rest.refusal("POST", "artifacts/presigned-upload-url", **fields)[0] == status, fields
    assert rest.refusal("POST", "artifacts/presigned-download-url", run_id=run_id, path="none")[0] == 404
    assert files.refusal("GET", "presigned/none")[0] == 404


def test_uploads_with_further_arguments_are_not_signed(
    api: Api, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS", '{"StorageClass": "STANDARD_IA"}')
    run_id = api.runs.create("0").info.run_id
    status, _, message = rest.refusal("POST", "artifacts/presigned-upload-url", run_id=run_id, path="a")
    assert (status, "MLFLOW_S3_UPLOAD_EXTRA_ARGS" in message) == (400, True)


def test_clients_are_told_only_if_they_shall_know(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["multipart_uploads_enabled", "multipart_downloads_enabled", "presigned_upload_run_id_supported"]
    assert not any(rest.get("server-info")[flag] for flag in flags)
    monkeypatch.setenv("CRATEFLOW_DIRECT_TRANSFERS", "true")
    assert all(rest.get("server-info")[flag] for flag in flags)
