"""A registry in this process, and small models registered in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model_folders import obedient_model, write_model

from pycore.artifacts import transfer
from pycore.artifacts.stores import StoresByScheme
from pycore.protocols import Api
from pycore.services.build import build_api
from pycore.store import Database

BROKEN = """
def _load_pyfunc(path):
    raise ValueError("the weights are gone")
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Api]:
    """The real services on a database of its own."""
    with Database.open(f"sqlite:///{tmp_path / 'tracking.db'}") as database:
        stores = StoresByScheme(str(tmp_path / "artifacts"), [])
        yield build_api(database, stores, "mlflow-artifacts:/")


@pytest.fixture
def register(registry: Api, tmp_path: Path) -> Callable[..., None]:
    """A function that registers the next version of a model, one that loads or one that does not."""

    def register(name: str, broken: bool = False) -> None:
        run = registry.runs.create("0").info
        folder = tmp_path / run.run_id
        folder.mkdir()
        path = write_model(folder / "broken", BROKEN) if broken else obedient_model(folder)
        transfer.upload_folder(registry.artifacts.open(run.artifact_uri), path, "model")
        if not registry.registered_models.search(f"name = '{name}'"):
            registry.registered_models.create(name)
        registry.model_versions.create(name, f"{run.artifact_uri}/model", run.run_id)

    return register
