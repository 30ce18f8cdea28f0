"""A database per test."""

from __future__ import annotations

import pytest

from pycore.store import Database


@pytest.fixture
def uri(tmp_path):
    """Where the test's database is."""
    return f"sqlite:///{tmp_path}/crateflow.db"


@pytest.fixture
def database(uri):
    """An empty database."""
    with Database.open(uri) as database:
        yield database
