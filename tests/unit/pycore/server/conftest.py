from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from rest import API, PROXY, Rest
from server_world import World, populate

from pycore.artifacts.stores import StoresByScheme
from pycore.server.application import HttpOptions, make_app
from pycore.services.build import Services, build_api
from pycore.store.database import Database


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file as a first start leaves it."""
    file = tmp_path_factory.mktemp("database") / "empty.db"
    Database.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def api(tmp_path: Path, empty_database: Path) -> Iterator[Services]:
    """The real services on a fresh database."""
    file = shutil.copy(empty_database, tmp_path / "mlflow.db")
    with Database.open(f"sqlite:///{file}") as database:
        stores = StoresByScheme(str(tmp_path / "mlartifacts"), [])
        yield build_api(database, stores, "mlflow-artifacts:/")


@pytest.fixture
def app(api: Services) -> Flask:
    """The application as `crateflow server` builds it by default."""
    return make_app(api, HttpOptions())


@pytest.fixture
def rest(app: Flask) -> Rest:
    """The REST API."""
    return Rest(app, API)


@pytest.fixture
def files(app: Flask) -> Rest:
    """The proxied artifact API."""
    return Rest(app, PROXY)


@pytest.fixture
def world(api: Services, app: Flask) -> World:
    """An experiment with a run that logged something, and a model registered from it."""
    return populate(api, app)
