"""Who gets a turn when one answers quickly, slowly, or not at all."""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from waiting import LIMIT_S

from pycore.http.turns import Turns


class Caller:
    """A connection, and the client at its other end."""

    def __init__(self, stack: ExitStack) -> None:
        self.client, self.server = map(stack.enter_context, socket.socketpair())
        self.client.settimeout(LIMIT_S)

    def ask(self, text: bytes = b"?") -> None:
        """Send a request of one byte."""
        self.client.sendall(text)

    def answer(self) -> bytes:
        """Return the byte that comes back."""
        return self.client.recv(1)


@contextmanager
def running(answer: Callable[[Caller], bool]) -> Iterator[Turns[Caller]]:
    with ThreadPoolExecutor(4) as pool:
        turns = Turns(answer, lambda caller: caller.server, pool)
        turns.start()
        try:
            yield turns
        finally:
            turns.stop()


@pytest.fixture
def callers() -> Iterator[list[Caller]]:
    with ExitStack() as stack:
        yield [Caller(stack) for _ in range(3)]


def echo(caller: Caller) -> bool:
    caller.server.sendall(caller.server.recv(1))
    return True


def test_everybody_is_answered_again_and_again(callers):
    with running(echo) as turns:
        for caller in callers:
            turns.add(caller)
        for number in range(20):
            for caller in callers:
                caller.ask(b"%d" % (number % 10))
            assert [caller.answer() for caller in callers] == [b"%d" % (number % 10)] * 3


def test_a_slow_answer_keeps_nobody_waiting(callers):
    slow, *others = callers
    may_end = threading.Event()

    def answer(caller: Caller) -> bool:
        if caller is slow:
            assert may_end.wait(LIMIT_S)
        return echo(caller)

    with running(answer) as turns:
        for caller in callers:
            turns.add(caller)
        slow.ask()
        for caller in others * 3:
            caller.ask()
            assert caller.answer() == b"?"
        may_end.set()
        for _ in range(2):
            assert slow.answer() == b"?"
            slow.ask()


def test_an_answer_that_fails_is_not_the_last(callers):
    first, second, _ = callers

    def answer(caller: Caller) -> bool:
        if caller is first:
            raise RuntimeError
        return echo(caller)

    with running(answer) as turns:
        turns.add(first)
        turns.add(second)
        first.ask()
        second.ask()
        assert second.answer() == b"?"


def test_who_is_let_go_has_no_further_turn(callers):
    first, second, _ = callers
    let_go: queue.SimpleQueue[Caller] = queue.SimpleQueue()

    def answer(caller: Caller) -> bool:
        echo(caller)
        if caller is first:
            let_go.put(caller)
            return False
        return True

    with running(answer) as turns:
        turns.add(first)
        turns.add(second)
        first.ask()
        assert first.answer() == b"?"
        assert let_go.get(timeout=LIMIT_S) is first
        first.ask(b"!")
        second.ask()
        assert second.answer() == b"?"
        assert first.server.recv(1, socket.MSG_PEEK) == b"!"
        turns.add(first)
        assert first.answer() == b"!"


def test_withdrawn_connections_have_no_turn(callers):
    first, second, _ = callers
    with running(echo) as turns:
        turns.add(first)
        turns.add(second)
        assert turns.withdraw(lambda caller: caller is first) == [first]
        assert turns.withdraw(lambda caller: caller is first) == []
        first.ask(b"!")
        second.ask()
        assert second.answer() == b"?"
        assert first.server.recv(1) == b"!"


def test_a_descriptor_may_come_back_as_another_connection(callers):
    with running(echo) as turns, ExitStack() as stack:
        gone, other = Caller(stack), Caller(stack)
        turns.add(gone)
        turns.withdraw(lambda caller: True)
        # Closes the one, and gives its number to the other before anybody else gets it.
        os.dup2(other.server.fileno(), gone.server.fileno())
        other.server.close()
        other.server = gone.server
        turns.add(other)
        other.ask()
        assert other.answer() == b"?"


class ClosingPool(ThreadPoolExecutor):
    """Takes one task, and is shut down when it is asked for more."""

    def __init__(self) -> None:
        super().__init__(1)
        self.has_refused = threading.Event()

    def submit(self, *task, **arguments):
        if self._threads:
            self.shutdown(wait=False)
            self.has_refused.set()
        return super().submit(*task, **arguments)


def test_a_slow_answer_may_outlive_the_pool(callers):
    caller, *_ = callers
    pool = ClosingPool()

    def answer(caller: Caller) -> bool:
        assert pool.has_refused.wait(LIMIT_S)
        return echo(caller)

    turns = Turns(answer, lambda caller: caller.server, pool)
    turns.start()
    turns.add(caller)
    caller.ask()
    # The thread that watches says nothing of it, which would be a warning.
    assert caller.answer() == b"?"
    turns.stop()
