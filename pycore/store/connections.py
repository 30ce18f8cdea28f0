"""Where transactions get their connections from.

Those to a server come from SQLAlchemy's pool, which knows when one was lost. For each transaction it makes a
connection object, checks it out and in, and tells listeners of every step, which takes as long as SQLite
needs to read a run; connections to SQLite are therefore kept as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine

from pycore.store.prepared import driver_of


class Connections(Protocol):
    """Lends connections for one transaction at a time."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """Lend a connection; what was done with it is committed at the end, or undone by an error."""

    def close(self) -> None:
        """Close those that nobody uses; the next use opens new ones."""

    def forget(self) -> None:
        """Leave all as they are, in a process that was forked from the one that uses them."""


class PooledConnections:
    """Connections of an engine's own pool.

    Parameters
    ----------
    engine : Engine
    writes : bool
        Whether there is something to commit; of what only reads it is enough to leave off.
    """

    def __init__(self, engine: Engine, *, writes: bool) -> None:
        self._engine = engine
        self._writes = writes

    def transaction(self) -> AbstractContextManager[Connection]:
        """Lend a connection; see `Connections`."""
        return self._engine.begin() if self._writes else self._engine.connect()

    def close(self) -> None:
        """Close those that nobody uses."""
        self._engine.dispose()

    def forget(self) -> None:
        """Leave all to the process that uses them."""
        self._engine.dispose(close=False)


class KeptConnections:
    """Connections of an engine, a few of which stay open while nobody uses them.

    Parameters
    ----------
    engine : Engine
        Of an SQLite database, without a pool; its driver begins no transactions by itself.
    begin : callable
        Begins a transaction in the driver.
    most : int
        How many are kept.
    """

    def __init__(self, engine: Engine, begin: Callable[[sqlite3.Connection], None], most: int) -> None:
        self._engine = engine
        self._begin = begin
        self._most = most
        # The one used last comes first: it has its pages and statements at hand. Taking and giving back
        # are one step each, which no other thread can come between.
        self._idle: list[Connection] = []
        self._forgotten: list[Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection; see `Connections`."""
        connection = self._take()
        driver = driver_of(connection)
        try:
            self._begin(driver)
            try:
                yield connection
                driver.commit()
            except BaseException:  # interrupts too: what was begun is undone, and the connection is kept
                driver.rollback()
                raise
        except sqlite3.Error:
            # Whatever happened to its file, a new connection sees it as it is.
            connection.close()
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def forget(self) -> None:
        """Leave all to the process that uses them."""
        # Without a reference they would be closed, which SQLite wants their own process to do.
        self._forgotten += self._idle
        self._idle = []

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        # For SQLAlchemy one transaction lasts as long as the connection; the driver knows them all.
        connection.begin()
        return connection

    def _give_back(self, connection: Connection) -> None:
        if len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()
