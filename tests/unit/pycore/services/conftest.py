"""A platform in this process whose clock and ids the tests know."""

from __future__ import annotations

from itertools import count

import pytest

from pycore.artifacts.stores import StoresByScheme
from pycore.services import build_api
from pycore.store import Database


@pytest.fixture
def database(tmp_path):
    """An empty database."""
    with Database.open(f"sqlite:///{tmp_path}/crateflow.db") as database:
        yield database


@pytest.fixture
def api(database, tmp_path):
    """A platform on which every question of the time gets the next millisecond."""
    clock, ids = count(1_700_000_000_000), count(1)
    return build_api(
        database,
        StoresByScheme(),
        str(tmp_path / "artifacts"),
        clock=lambda: next(clock),
        new_id=lambda: f"{next(ids):032x}",
    )
