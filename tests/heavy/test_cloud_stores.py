"""Artifacts in Google Cloud Storage and in Azure, reached by their own clients; servers stand in for both."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import fsspec
import pytest
from artifact_store_contract import ArtifactStoreContract
from cloud_stores import PLACE, azure_store, google_store

from pycore.artifacts.stores import StoresByScheme
from pycore.protocols import ArtifactStore

#: What the clients' HTTP library says of the pieces that they send.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        google_store(tmp_path_factory.mktemp("google") / "log") as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", url)
        # It would ask Google, past the stand-in, of which kind the bucket is.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        patch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
        yield f"gs://{PLACE}"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        azure_store(tmp_path_factory.mktemp("azure") / "log") as connection,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        fsspec.filesystem("abfs").mkdir(PLACE)
        yield f"abfs://{PLACE}"


class TestCloudStores(ArtifactStoreContract):
    @pytest.fixture(params=["google", "azure"])
    def store(self, request: pytest.FixtureRequest) -> ArtifactStore:
        place: str = request.getfixturevalue(request.param)
        return StoresByScheme().open(f"{place}/{uuid.uuid4().hex}")
