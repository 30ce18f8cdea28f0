"""Databases whose transactions are measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from pycore.store.database import Database


def measured(observe: Callable[[str, float], None]) -> type[Database]:
    """Return a class of databases that tell how long each transaction takes.

    Parameters
    ----------
    observe : callable
        Gets "read" or "write", and seconds, the waiting for a connection and for other writers included.
    """

    class MeasuredDatabase(Database):
        @contextmanager
        def transaction(self) -> Iterator[Connection]:
            with _timed("write"), super().transaction() as connection:
                yield connection

        @contextmanager
        def reading(self) -> Iterator[Connection]:
            with _timed("read"), super().reading() as connection:
                yield connection

    @contextmanager
    def _timed(kind: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            observe(kind, time.perf_counter() - began)

    return MeasuredDatabase
