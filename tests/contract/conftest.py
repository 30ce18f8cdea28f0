"""The implementations of `pycore.protocols` that the contract suite holds to one behaviour.

A further one is a context manager that yields an empty platform with its artifacts below the folder it
is given, and a line in IMPLEMENTATIONS. The rules are also held to it over each further database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from database_servers import SERVERS
from live_server import live_server
from sqlalchemy import inspect, text

from pycore.artifacts.stores import StoresByScheme
from pycore.client.build import build_api as build_client
from pycore.entities import Experiment, Run
from pycore.protocols import Api
from pycore.services import build_api
from pycore.store import Database


@contextmanager
def in_process(folder: Path) -> Iterator[Api]:
    """The rules over a database of this process."""
    with Database.open(f"sqlite:///{folder}/crateflow.db") as database:
        yield build_api(database, StoresByScheme(), str(folder / "artifacts"))


@contextmanager
def over_http(folder: Path) -> Iterator[Api]:
    """The client of a server with such a database."""
    with live_server(folder) as uri:
        yield build_client(uri)


IMPLEMENTATIONS: dict[str, Callable[[Path], AbstractContextManager[Api]]] = {
    "in_process": in_process,
    "over_http": over_http,
}


@pytest.fixture(params=[*IMPLEMENTATIONS, *SERVERS])
def api(
    request: pytest.FixtureRequest, tmp_path: Path, on_server: Callable[[str], Database]
) -> Iterator[Api]:
    """An empty platform."""
    if request.param in SERVERS:
        database = on_server(request.param)
        yield build_api(database, StoresByScheme(), str(tmp_path / "artifacts"))
        return
    with IMPLEMENTATIONS[request.param](tmp_path) as api:
        yield api


@pytest.fixture(params=["sqlite", *SERVERS])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, on_server: Callable[[str], Database]
) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        with Database.open(f"sqlite:///{tmp_path}/crateflow.db") as database:
            yield database
        return
    yield on_server(request.param)


@pytest.fixture(scope="session")
def on_server() -> Iterator[Callable[[str], Database]]:
    """Return an empty database on a server, the same one each time; a server starts when it is needed."""
    with ExitStack() as stack:
        opened: dict[str, Database] = {}

        def on_server(name: str) -> Database:
            if name not in opened:
                server = stack.enter_context(SERVERS[name]())
                uri = stack.enter_context(server.new_database())
                opened[name] = stack.enter_context(Database.open(uri))
            _empty(opened[name])
            return opened[name]

        yield on_server


def _empty(database: Database) -> None:
    with database.transaction() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
            return
        connection.execute(text("SET foreign_key_checks = 0"))
        for name in names:
            connection.execute(text(f"TRUNCATE {name}"))
        connection.execute(text("SET foreign_key_checks = 1"))


@pytest.fixture
def experiment(api: Api) -> Experiment:
    """An experiment without runs."""
    return api.experiments.get(api.experiments.create("iris"))


@pytest.fixture
def run(api: Api, experiment: Experiment) -> Run:
    """A running run that logged nothing."""
    return api.runs.create(experiment.experiment_id, user_id="ada", run_name="first")
