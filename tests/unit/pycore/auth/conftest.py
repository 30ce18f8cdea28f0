from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pycore.artifacts.stores import StoresByScheme
from pycore.services.build import Services, build_api
from pycore.store import Database


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A platform whose artifacts go through the server."""
    with Database.open(f"sqlite:///{tmp_path}/crateflow.db") as database:
        stores = StoresByScheme(str(tmp_path / "artifacts"), [])
        yield build_api(database, stores, "mlflow-artifacts:/")
