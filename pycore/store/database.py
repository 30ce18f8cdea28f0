"""The database: engine, transactions, and what its failures mean."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from pycore import config
from pycore.errors import InvalidInput, MlflowException, Unavailable
from pycore.store import schema
from pycore.store.patterns import matches_ignoring_case

_BUSY_TIMEOUT_S = 30
_SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
_SUPPORTED = ("sqlite", "postgresql")

# What SQLite says, and what that means to whoever asked. Its texts are stable and, unlike its codes, known
# to every supported Python.
_SQLITE_MEANINGS = (
    ("locked", "it is locked by another process that does not finish; try again, or end that process"),
    ("readonly", "it is read-only; make its file and folder writable for the user of this process"),
    ("disk is full", "the disk is full; nothing of this request was written. Free some space and try again"),
    ("not a database", "its file is not an SQLite database; give another path, or restore a backup"),
    ("malformed", "its file is damaged; restore a backup"),
    ("unable to open", "its file cannot be opened; check that the folder exists and may be written to"),
    ("disk I/O error", "its disk reports an error; check the disk and its free space"),
)


class Database:
    """A database of runs and registered models.

    One object serves all threads of a process, and processes forked from it.

    Parameters
    ----------
    uri : str
        SQLAlchemy URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://…``.

    Raises
    ------
    InvalidInput
        The text is no such URL, or names a database nobody here speaks to.
    """

    def __init__(self, uri: str) -> None:
        self.url = _parse(uri)
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        self._write_lock = threading.Lock()
        self.engine = (
            self._sqlite_engine() if self._is_sqlite else create_engine(self.url, pool_pre_ping=True)
        )
        self._writer = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        # A forked process must neither use nor close connections that its parent goes on using.
        forget = weakref.WeakMethod(self._forget_connections)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    @classmethod
    def open(cls, uri: str) -> Database:
        """Return the database with its schema brought up to date; an empty one gets its tables.

        Raises
        ------
        Unavailable
            It cannot be reached, or has a schema this release does not know; says what to do.
        """
        database = cls(uri)
        try:
            if database._is_sqlite:
                database._write_ahead()
            if not database._schema_is_current():
                with database.transaction() as connection:
                    schema.upgrade(connection)
        except MlflowException as error:
            database.close()
            shown = database.url.render_as_string(hide_password=True)
            raise type(error)(f"Cannot open {shown}: {error.message}") from error
        return database

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose work is committed at the end, or undone by an error. The only commit.

        Raises
        ------
        Unavailable
            The database cannot be written to now; says why.
        """
        with _meaning():
            if not self._is_sqlite:
                with self.engine.begin() as connection:
                    yield connection
                return
            # SQLite writes one at a time. Threads wait here in turn, which costs nothing; SQLite's own
            # waiting between processes sleeps and retries.
            with self._write_lock, self._writer.begin() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the database.

        Raises
        ------
        Unavailable
            The database cannot be read now; says why.
        """
        with _meaning(), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sqlite_engine(self) -> Engine:
        synchronous = config.SQLITE_SYNCHRONOUS.get().upper()
        if synchronous not in _SYNCHRONOUS:
            raise InvalidInput(
                f"The environment variable {config.SQLITE_SYNCHRONOUS.name} is {synchronous!r}: "
                f"expected one of {', '.join(_SYNCHRONOUS)}."
            )
        engine = create_engine(
            self.url,
            # As many connections as there are threads: the server bounds these.
            max_overflow=-1,
            connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False, "isolation_level": None},
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA cache_size = -32768")
            connection.create_function("matches_ignoring_case", 2, matches_ignoring_case, deterministic=True)

        # The driver would begin a transaction at the first write only, and a read that turns into a write
        # fails when another process wrote in between.
        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

        return engine

    def _write_ahead(self) -> None:
        """Let readers go on while one writes; the file remembers it."""
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        with _meaning():
            while True:
                try:
                    connection = self.engine.raw_connection()
                    try:
                        connection.cursor().execute("PRAGMA journal_mode = WAL").fetchall()
                    finally:
                        connection.close()
                    return
                except sqlite3.OperationalError as error:
                    # SQLite does not wait by itself while another process makes the same change.
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)

    def _schema_is_current(self) -> bool:
        with self.reading() as connection:
            return schema.is_current(connection)

    def _forget_connections(self) -> None:
        self._write_lock = threading.Lock()
        self.engine.dispose(close=False)


def _parse(uri: str) -> URL:
    try:
        url = make_url(uri)
        backend = url.get_backend_name()
        if backend in _SUPPORTED:
            url.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidInput(
            f"{uri!r} is no database URI: expected one such as sqlite:///crateflow.db."
        ) from error
    except ImportError as error:
        raise InvalidInput(f"The driver of this database is not installed: {error}.") from error
    if backend not in _SUPPORTED:
        raise InvalidInput(
            f"Databases of type {backend!r} are not supported: expected {' or '.join(_SUPPORTED)}."
        )
    if backend == "sqlite" and (not url.database or url.database == ":memory:"):
        raise InvalidInput(
            "A database in memory is lost with its process: give a file, as in sqlite:///crateflow.db."
        )
    return url


@contextmanager
def _meaning() -> Iterator[None]:
    """Turn the driver's errors into ours; a broken constraint nobody expected stays what it is: a bug."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        raise Unavailable(f"The database cannot be used: {_explain(error)}.") from error
    except PoolTimeout as error:
        raise Unavailable("All connections to the database are in use; try again.") from error
    except UnicodeEncodeError as error:
        raise InvalidInput("A text holds half a surrogate pair, which is not valid Unicode.") from error


def _explain(error: DBAPIError | sqlite3.Error) -> str:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        for said, meaning in _SQLITE_MEANINGS:
            if said in str(cause):
                return meaning
    elif isinstance(error, DBAPIError) and error.connection_invalidated:
        return "the connection to it was lost; try again"
    return "it refused the statement; the log of this process says more"
