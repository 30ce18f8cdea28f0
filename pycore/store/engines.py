"""From a database URI to an engine that behaves alike whichever database it is.

Whatever the database, a writer waits for rows that another one holds and then sees what that one wrote,
while a reader sees one unchanging state and never waits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from pycore import config
from pycore.errors import InvalidInput
from pycore.store.connections import Connections, KeptConnections, PooledConnections
from pycore.store.patterns import matches_ignoring_case

#: Seconds a statement waits for a database that another process has locked.
BUSY_TIMEOUT_S = 30
#: What a URI names -> how SQLAlchemy names the database and the driver that is used with it.
DRIVERS: Mapping[str, str] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}

#: The pauses of a writer that waits for one of another process.
_FIRST_PAUSE_S = 0.0001
_LONGEST_PAUSE_S = 0.002

_SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
#: Some 16 MB; the write-ahead log grows no larger by much.
_WAL_PAGES = 4000
# As many as a server process has threads, and few of them kept while it is idle.
_KEPT_CONNECTIONS = 4
_FURTHER_CONNECTIONS = 12


def parse(uri: str) -> URL:
    """Return the URL that a text is, with the driver that is used where it names none.

    Raises
    ------
    InvalidInput
        It is no such URL, or names a database nobody here speaks to.
    """
    try:
        url = make_url(uri)
        name, _, driver = url.drivername.partition("+")
        if name not in DRIVERS:
            raise InvalidInput(
                f"Databases of type {name!r} are not supported: expected one of {', '.join(DRIVERS)}."
            )
        if name == "mariadb" or not driver:
            # MariaDB counts as a MySQL: they differ in nothing that statements here depend on.
            url = url.set(drivername=f"mysql+{driver}" if driver else DRIVERS[name])
        url.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidInput(
            f"{uri!r} is no database URI: expected one such as sqlite:///crateflow.db."
        ) from error
    except ImportError as error:
        raise InvalidInput(
            f"The driver of this database is not installed: {error}. `pip install 'crateflow[postgres]'` "
            "and `pip install 'crateflow[mysql]'` install those of PostgreSQL and MySQL."
        ) from error
    if name == "sqlite" and (not url.database or url.database == ":memory:"):
        raise InvalidInput(
            "A database in memory is lost with its process: give a file, as in sqlite:///crateflow.db."
        )
    return url


def make_engine(url: URL) -> Engine:
    """Return the engine of a URL; nothing is opened yet."""
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url, timeout_s=BUSY_TIMEOUT_S)
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=_KEPT_CONNECTIONS,
        max_overflow=_FURTHER_CONNECTIONS,
        isolation_level="REPEATABLE READ",
        connect_args=_MYSQL_ARGUMENTS if kind == "mysql" else {},
    )


def make_writing_engine(engine: Engine) -> Engine:
    """Return an engine of the same database whose transactions are meant to write."""
    if engine.dialect.name == "sqlite":
        return _sqlite(engine.url, timeout_s=0)
    # After waiting for a row, a writer goes on with the row as it is now.
    return engine.execution_options(isolation_level="READ COMMITTED")


def connections_for_reading(engine: Engine) -> Connections:
    """Return the connections of an engine that transactions which only read get."""
    if engine.dialect.name == "sqlite":
        return KeptConnections(engine, _begin_reading, _KEPT_CONNECTIONS)
    return PooledConnections(engine, writes=False)


def connections_for_writing(engine: Engine) -> Connections:
    """Return the connections of a writing engine."""
    if engine.dialect.name == "sqlite":
        return KeptConnections(engine, _begin_writing, most=1)
    return PooledConnections(engine, writes=True)


_MYSQL_ARGUMENTS: Mapping[str, Any] = {
    "charset": "utf8mb4",
    # What does not fit is refused, not cut; and 0, the id of the experiment Default, is an id like others.
    "sql_mode": "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION",
    "connect_timeout": BUSY_TIMEOUT_S,
}


def _sqlite(url: URL, timeout_s: float) -> Engine:
    synchronous = config.SQLITE_SYNCHRONOUS.get().upper()
    if synchronous not in _SYNCHRONOUS:
        raise InvalidInput(
            f"The environment variable {config.SQLITE_SYNCHRONOUS.name} is {synchronous!r}: "
            f"expected one of {', '.join(_SYNCHRONOUS)}."
        )
    engine = create_engine(
        url,
        # `KeptConnections` keeps them, as many as there are threads: the server bounds these.
        poolclass=NullPool,
        connect_args={"timeout": timeout_s, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA cache_size = -32768")
        # Pages that many transactions write go to the database file once for all of them; each transfer
        # waits for the disk, and with it whoever writes next.
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        connection.create_function("matches_ignoring_case", 2, matches_ignoring_case, deterministic=True)

    return engine


# The driver would begin a transaction at the first write only, and a read that turns into a write fails when
# another process wrote in between.


def _begin_reading(driver: sqlite3.Connection) -> None:
    driver.execute("BEGIN")


def _begin_writing(driver: sqlite3.Connection) -> None:
    """Wait until no other process writes, and begin to write.

    SQLite's own waiting sleeps for up to 100 ms at a time, while most transactions end within one.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
