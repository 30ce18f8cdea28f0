"""Large files of official clients go past the server, when its artifacts lie in a bucket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from official_clients import SKINNY_VERSIONS, official_python, run_official
from processes import server
from s3_store import BUCKET, environment_of, s3_store

SCRIPT = """
import os
import sys
from pathlib import Path

import mlflow

file = Path(sys.argv[1])
file.write_bytes(os.urandom(11 << 20))
client = mlflow.MlflowClient()
run_id = client.create_run("0").info.run_id
client.log_artifact(run_id, str(file), "data")
down = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=f"data/{file.name}")
assert Path(down).read_bytes() == file.read_bytes()
"""

SWITCHES = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 << 20),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 << 20),
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": str(6 << 20),
}


@pytest.mark.parametrize("version", SKINNY_VERSIONS)
def test_a_large_file_goes_to_the_bucket_in_parts(version: str, tmp_path: Path) -> None:
    script, log = tmp_path / "script.py", tmp_path / "access.log"
    script.write_text(SCRIPT)
    arguments = ["server", "--port", "0", "--backend-store-uri", f"sqlite:///{tmp_path / 'tracking.db'}"]
    arguments += ["--artifacts-destination", f"s3://{BUCKET}/served", "--access-log", str(log)]
    with (
        s3_store() as url,
        server(arguments, tmp_path / "server.log", environment_of(url)) as running,
    ):
        file = str(tmp_path / "large.bin")
        run_official(official_python(version), script, file, MLFLOW_TRACKING_URI=running.url, **SWITCHES)

    entries = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [f"{entry['method']} {entry['route']}" for entry in entries]
    assert (
        sum("/mpu/create/" in line for line in asked) == sum("/mpu/complete/" in line for line in asked) == 1
    )
    assert not any(line.startswith("PUT ") for line in asked)
    assert all(entry["status"] == 200 for entry in entries)
