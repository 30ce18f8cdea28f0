"""A server whose disk is full refuses what it cannot keep, keeps what it has, and goes on later."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from process_tree import children
from processes import Server, server
from waiting import LIMIT_S

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    """A server of one process."""
    arguments = ["server", "--port", "0", "--workers", "1"]
    arguments += ["--backend-store-uri", f"sqlite:///{tmp_path / 'tracking.db'}"]
    arguments += ["--artifacts-destination", str(tmp_path / "artifacts")]
    with server(arguments, tmp_path / "log") as found:
        yield found


def allow_files_of(running: Server, size: int) -> None:
    """Let the server's files grow to so many bytes and no further, as a full disk would."""
    pid = running.process.pid
    for each in (pid, *children(pid)):
        resource.prlimit(each, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_loses_nothing_that_was_acknowledged(running: Server, tmp_path: Path):
    def post(path: str, **fields: object) -> requests.Response:
        return requests.post(f"{running.url}{API}/{path}", json=fields, timeout=LIMIT_S)

    run_id = post("runs/create").json()["run"]["info"]["run_id"]
    largest = max(file.stat().st_size for file in tmp_path.glob("tracking.db*"))
    allow_files_of(running, largest + (64 << 10))

    acknowledged, refused = [], None
    for number in range(1000):
        refused = post("runs/log-parameter", run_id=run_id, key=str(number), value="x" * 5000)
        if refused.status_code != 200:
            break
        acknowledged.append(str(number))
    assert refused is not None
    assert (refused.status_code, refused.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert "disk" in refused.json()["message"]
    assert str(tmp_path) not in refused.text

    def kept() -> set[str]:
        reply = requests.get(f"{running.url}{API}/runs/get", {"run_id": run_id}, timeout=LIMIT_S)
        return {param["key"] for param in reply.json()["run"]["data"]["params"]}

    assert acknowledged
    assert kept() == set(acknowledged)
    upload = requests.put(f"{running.url}{ARTIFACTS}/large", data=b"x" * (8 << 20), timeout=LIMIT_S)
    assert (upload.status_code, upload.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")
    assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]

    allow_files_of(running, resource.RLIM_INFINITY)
    assert post("runs/log-parameter", run_id=run_id, key="after", value="1").status_code == 200
    assert kept() == {*acknowledged, "after"}
    assert requests.put(f"{running.url}{ARTIFACTS}/large", data=b"x" * (8 << 20), timeout=LIMIT_S).ok
