"""Callers of a model host, each with a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from waiting import LIMIT_S, until

from pycore.errors import MlflowException
from pycore.models.columns import Column, Table
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost


class Caller:
    """Asks over one connection, from a thread of its own."""

    def __init__(self, client):
        self._client = client
        self._thread = ThreadPoolExecutor(1)

    def begin(self, *numbers, do=""):
        x = Column("double", np.array(numbers, "<f8"))
        rows = Table({"x": x, "do": Column.of_texts([do] * len(numbers))}, len(numbers))
        return self._thread.submit(lambda: self._client.predict(rows, {}).data.tolist())

    def ask(self, *numbers, do=""):
        return self.begin(*numbers, do=do).result(LIMIT_S)

    def state(self):
        return self._thread.submit(self._client.state).result(LIMIT_S)

    def leave(self):
        self._thread.submit(self._client.close).result(LIMIT_S)

    def close(self):
        self.leave()
        self._thread.shutdown()


@contextmanager
def engine(path, **options):
    """A host, somebody who asks for its state alone, and a caller."""
    options = EngineOptions(path, **{"workers": 1, "timeout_s": LIMIT_S, **options})
    with ModelHost(options) as host:
        # The host is the one to say that time is over, however late.
        client = EngineClient(host.address, LIMIT_S)
        caller = Caller(client)
        try:
            yield host, client, caller
        finally:
            caller.close()
            client.close()


def borrow(client, caller):
    """Ask until a worker has the caller's connection."""

    def asked():
        try:
            caller.ask(1)
        except MlflowException:
            return False  # A busy machine may be too slow for the time limit that a test is about.
        return client.state()["lent"]

    until(asked)
