"""The database: its transactions, and its schema on opening."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection

from pycore.errors import MlflowException, NotFound
from pycore.store import engines, schema
from pycore.store.failures import translated


class Database:
    """A database of runs and registered models.

    One object serves all threads of a process, and processes forked from it.

    Parameters
    ----------
    uri : str
        SQLAlchemy URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://…``,
        ``mysql://…``, ``mariadb://…``.

    Raises
    ------
    InvalidInput
        The text is no such URL, or names a database nobody here speaks to.
    """

    def __init__(self, uri: str) -> None:
        self.url = engines.parse(uri)
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = self._new_turn()
        self.engine = engines.make_engine(self.url)
        self.writing_engine = engines.make_writing_engine(self.engine)
        self._readers = engines.connections_for_reading(self.engine)
        self._writers = engines.connections_for_writing(self.writing_engine)
        # A forked process must neither use nor close connections that its parent goes on using.
        forget = weakref.WeakMethod(self._forget_connections)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    @classmethod
    def open(cls, uri: str, *, must_exist: bool = False) -> Database:
        """Return the database with its schema brought up to date; an empty one gets its tables.

        Parameters
        ----------
        uri : str
        must_exist : bool
            Refuse an empty one instead, and make no file.

        Raises
        ------
        NotFound
            It must exist, and does not.
        Unavailable
            It cannot be reached, or has a schema this release does not know; says what to do.
        """
        database = cls(uri)
        try:
            if must_exist and database.revision() is None:
                raise NotFound("it holds no Crateflow database; check the URI.")
            # Asked first: a database of another program is refused as it is.
            is_current = database._schema_is_current()
            if database._is_sqlite:
                database._write_ahead()
            if not is_current:
                database._upgrade()
        except MlflowException as error:
            database.close()
            shown = database.url.render_as_string(hide_password=True)
            raise type(error)(f"Cannot open {shown}: {error.message}") from error
        return database

    def revision(self) -> str | None:
        """Return the revision of the schema; None for a database without tables, or no file."""
        # SQLite would make the file for whoever asks.
        if self._is_sqlite and not Path(self.url.database or "").exists():
            return None
        with self.reading() as connection:
            return schema.revision(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose work is committed at the end, or undone by an error. The only commit.

        Raises
        ------
        Unavailable
            The database cannot be written to now; says why.
        """
        with translated(), self._turn, self._writers.transaction() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the database.

        Raises
        ------
        Unavailable
            The database cannot be read now; says why.
        """
        with translated(), self._readers.transaction() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._writers.close()
        self._readers.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_turn(self) -> AbstractContextManager[object]:
        # SQLite writes one at a time. Threads wait here in turn, which costs nothing; SQLite's own waiting
        # between processes sleeps and retries.
        return threading.Lock() if self._is_sqlite else nullcontext()

    def _write_ahead(self) -> None:
        """Let readers go on while one writes; the file remembers it."""
        deadline = time.monotonic() + engines.BUSY_TIMEOUT_S
        with translated():
            while True:
                try:
                    connection = self.engine.raw_connection()
                    try:
                        connection.cursor().execute("PRAGMA journal_mode = WAL").fetchall()
                    finally:
                        connection.close()
                    # One that was open already goes on in its own way until it next reads.
                    self._readers.close()
                    return
                except sqlite3.OperationalError as error:
                    # SQLite does not wait by itself while another process makes the same change.
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)

    def _schema_is_current(self) -> bool:
        with self.reading() as connection:
            return schema.is_current(connection)

    def _upgrade(self) -> None:
        # The lock outlives the transaction: MySQL ends that one with each table it makes.
        with (
            translated(),
            self.engine.connect() as holder,
            schema.only_one(holder),
            self.transaction() as connection,
        ):
            schema.upgrade(connection)

    def _forget_connections(self) -> None:
        self._turn = self._new_turn()
        self._writers.forget()
        self._readers.forget()


def upgrade_apart(uri: str) -> None:
    """Bring a database up to date in a process of its own; what the upgrade loads goes with it.

    Whoever starts many processes calls it first, while there is one thread. What fails here fails again
    in `Database.open`, which says why.
    """
    child = os.fork()
    if child == 0:
        try:
            Database.open(uri).close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
