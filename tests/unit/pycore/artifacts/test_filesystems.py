"""The stores that fsspec reaches, shown with two that need no network: memory, and one with real folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from artifact_store_contract import ArtifactStoreContract, put
from waiting import LIMIT_S

from pycore.artifacts.filesystems import FilesystemArtifactStore, open_filesystem
from pycore.artifacts.stores import StoresByScheme
from pycore.errors import InvalidInput, Unavailable
from pycore.protocols import ArtifactStore


class TestFilesystems(ArtifactStoreContract):
    @pytest.fixture(params=["memory", "file"])
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
        if request.param == "memory":
            return StoresByScheme().open(f"memory://{tmp_path}")
        return FilesystemArtifactStore(fsspec.filesystem("file"), str(tmp_path / "store"), has_folders=True)


@pytest.mark.parametrize("uri", ["memory://x::file:///etc", "memory://a/../b"])
def test_chains_and_detours_are_refused(uri: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be found"):
        open_filesystem(uri, "memory")


def test_a_missing_package_is_named() -> None:
    with pytest.raises(Unavailable, match=r"pip install 'crateflow\[gcs\]'"):
        StoresByScheme().open("gs://bucket/folder")
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from pycore.artifacts.stores import StoresByScheme\n"
        "StoresByScheme().open('abfs://container/folder')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert "pip install 'crateflow[azure]'" in done.stderr


def test_what_a_store_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    store = StoresByScheme().open("memory://refusing")
    monkeypatch.setattr(store._filesystem, "ls", lambda *_, **__: 1 / 0)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="cannot serve 'a': division by zero"):
        store.list("a")


def test_clients_of_a_server_do_not_choose_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = StoresByScheme("memory://destination", ["memory://root/"])
    for uri in ("mlflow-artifacts:/1/a", "memory://root/1", "memory://destination"):
        put(stores.open(uri), "a.txt")
    for uri in ("memory://elsewhere", "memory://root-too"):
        with pytest.raises(InvalidInput, match=r"are not served here.*CRATEFLOW_ARTIFACT_ROOTS"):
            stores.open(uri)
    monkeypatch.setenv("MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES", "memory")
    put(stores.open("memory://elsewhere"), "a.txt")
