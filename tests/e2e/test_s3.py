"""A server whose artifacts lie in a bucket, for clients that go through it and for those that do not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from processes import server
from s3_store import BUCKET, client_of, environment_of, s3_store
from waiting import LIMIT_S

from pycore.tracking import MlflowClient

CONTENT = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def store_url() -> Iterator[str]:
    with s3_store() as url:
        yield url


@pytest.fixture
def url(tmp_path: Path, store_url: str) -> Iterator[str]:
    arguments = ["server", "--port", "0", "--backend-store-uri", f"sqlite:///{tmp_path / 'tracking.db'}"]
    arguments += ["--artifacts-destination", f"s3://{BUCKET}/served"]
    environment = {**environment_of(store_url), "CRATEFLOW_ARTIFACT_ROOTS": f"s3://{BUCKET}/direct"}
    with server(arguments, tmp_path / "server.log", environment) as running:
        yield running.url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    return path


def test_a_server_keeps_artifacts_in_a_bucket(url: str, store_url: str, file: Path, tmp_path: Path) -> None:
    client = MlflowClient(url)
    run = client.create_run(client.create_experiment("wines"))
    client.log_artifact(run.info.run_id, str(file), "model")

    key = f"served/{run.info.experiment_id}/{run.info.run_id}/artifacts/model/data.bin"
    assert client_of(store_url).head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(CONTENT)
    down = client.download_artifacts(run.info.run_id, "model", str(tmp_path / "down"))
    assert (Path(down) / "data.bin").read_bytes() == CONTENT

    question = {"run_id": run.info.run_id, "path": "model/data.bin"}
    part = requests.get(
        f"{url}/get-artifact", question, headers={"Range": "bytes=1000000-1999999"}, timeout=LIMIT_S
    )
    assert (part.status_code, part.content) == (206, CONTENT[1_000_000:2_000_000])
    unchanged = {"If-None-Match": part.headers["ETag"]}
    assert (
        requests.get(f"{url}/get-artifact", question, headers=unchanged, timeout=LIMIT_S).status_code == 304
    )


def test_clients_and_server_reach_a_bucket_that_an_experiment_names(
    url: str, store_url: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(store_url).items():
        monkeypatch.setenv(name, value)
    client = MlflowClient(url)
    run = client.create_run(client.create_experiment("beers", artifact_location=f"s3://{BUCKET}/direct"))
    assert run.info.artifact_uri == f"s3://{BUCKET}/direct/{run.info.run_id}/artifacts"
    client.log_artifact(run.info.run_id, str(file))

    assert [info.path for info in client.list_artifacts(run.info.run_id)] == ["data.bin"]
    question = {"run_id": run.info.run_id, "path": "data.bin"}
    assert requests.get(f"{url}/get-artifact", question, timeout=LIMIT_S).content == CONTENT
    listed = requests.get(f"{url}/api/2.0/mlflow/artifacts/list", question | {"path": ""}, timeout=LIMIT_S)
    assert listed.json()["files"][0]["file_size"] == len(CONTENT)

    # What the server may read is not what any client may read through it.
    place = f"s3://{BUCKET}/secret"
    other = client.create_run(client.create_experiment("secret", artifact_location=place)).info.run_id
    client_of(store_url).put_object(Bucket=BUCKET, Key=f"secret/{other}/artifacts/data.bin", Body=b"1")
    refused = requests.get(f"{url}/get-artifact", question | {"run_id": other}, timeout=LIMIT_S)
    assert (refused.status_code, "CRATEFLOW_ARTIFACT_ROOTS" in refused.text) == (400, True)
