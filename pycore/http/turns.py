"""Answering many connections in turn, by one thread at a time."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

#: How long one answer may keep all others waiting.
_PATIENCE_S = 0.01


class Socket(Protocol):
    """What can be waited for."""

    def fileno(self) -> int:
        """Return the descriptor."""


C = TypeVar("C")


class Turns(Generic[C]):
    """Gives whoever asks a turn, in one thread; another goes on while an answer takes long.

    Threads that all have something to do take Python's lock from each other whenever one calls the system,
    which an answer does some twenty times. One thread that goes from connection to connection has the lock
    to itself. When it does not come back in time, waiting for a disk or another process, a second one
    takes its place; the first then ends with the answer that it is at.

    Parameters
    ----------
    answer : callable
        Answers what a connection asks; returns whether its next request is to be answered here too.
    socket_of : callable
        Returns the socket of a connection.
    pool : Executor
        Where the threads come from.
    """

    def __init__(self, answer: Callable[[C], bool], socket_of: Callable[[C], Socket], pool: Executor) -> None:
        self._answer = answer
        self._socket_of = socket_of
        self._pool = pool
        # One event for each time that a connection is added: who gets it has the connection to itself.
        self._asking = select.epoll()
        self._waiting: dict[int, C] = {}
        self._wake_read, self._wake_write = os.pipe()
        self._asking.register(self._wake_read, select.EPOLLIN)
        self._stopping = False
        self._turn = _Turn()
        self._busy = threading.Event()

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._watch, name="turns", daemon=True).start()
        self._pool.submit(self._serve, self._turn)

    def add(self, connection: C) -> None:
        """Answer a connection once it asks."""
        descriptor = self._socket_of(connection).fileno()
        self._waiting[descriptor] = connection
        events = select.EPOLLIN | select.EPOLLONESHOT
        try:
            self._asking.modify(descriptor, events)
        except FileNotFoundError:
            self._asking.register(descriptor, events)

    def withdraw(self, wanted: Callable[[C], bool]) -> list[C]:
        """Return those of the waiting connections that are wanted, which are not answered any more."""
        withdrawn = []
        for descriptor, connection in list(self._waiting.items()):
            if wanted(connection) and self._waiting.pop(descriptor, None) is not None:
                self._asking.unregister(descriptor)
                withdrawn.append(connection)
        return withdrawn

    def stop(self) -> None:
        """Answer nobody any more, but those that are being answered."""
        self._stopping = True
        os.write(self._wake_write, b"\0")
        # Its watcher ends, too.
        self._busy.set()

    def _serve(self, turn: _Turn) -> None:
        try:
            while not (turn.is_over or self._stopping):
                for descriptor, _ in self._asking.poll(maxevents=1):
                    connection = self._waiting.pop(descriptor, None)
                    # It may have been withdrawn just now.
                    if connection is not None:
                        self._give_turn(connection, turn)
        finally:
            # An answer that fails must not be the last one.
            if not turn.is_over:
                self._replace()

    def _give_turn(self, connection: C, turn: _Turn) -> None:
        turn.steps += 1
        if not self._busy.is_set():
            self._busy.set()
        if self._answer(connection):
            self.add(connection)
        turn.steps += 1

    def _watch(self) -> None:
        """Replace a thread that is at the same answer for too long; sleep while nobody asks."""
        while self._busy.wait() and not self._stopping:
            turn = self._turn
            steps = turn.steps
            time.sleep(_PATIENCE_S)
            if turn.steps != steps:
                continue
            if turn.is_answering:
                self._replace()
            else:
                self._busy.clear()
                # Whoever began before it was cleared relied on it.
                if turn.steps != steps:
                    self._busy.set()

    def _replace(self) -> None:
        self._turn.is_over = True
        if not self._stopping:
            self._turn = _Turn()
            # The pool may have been shut down just now.
            with suppress(RuntimeError):
                self._pool.submit(self._serve, self._turn)


class _Turn:
    """The time during which one thread answers."""

    def __init__(self) -> None:
        self.is_over = False
        #: One more with each beginning and each end of an answer.
        self.steps = 0

    @property
    def is_answering(self) -> bool:
        return self.steps % 2 == 1
