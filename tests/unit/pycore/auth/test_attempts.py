"""Who guesses passwords is slowed down, and nobody else."""

from __future__ import annotations

import pytest

from pycore.auth import attempts as module
from pycore.auth.attempts import Attempts
from pycore.errors import TooManyRequests


class Clock:
    """Shows what it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(attempts: Attempts, times: int, address: str = "here", username: str = "bob") -> None:
    for _ in range(times):
        attempts.check(address, username)
        attempts.count(address, username)


def test_a_user_from_one_address_has_ten_tries_a_minute(clock):
    attempts = Attempts(clock)
    fail(attempts, 10)
    with pytest.raises(TooManyRequests, match="try again in 60 s"):
        attempts.check("here", "bob")
    attempts.check("elsewhere", "bob")
    attempts.check("here", "ada")
    clock.now = 60.0
    fail(attempts, 10)
    with pytest.raises(TooManyRequests):
        attempts.check("here", "bob")


def test_a_window_begins_with_its_first_failure(clock):
    attempts = Attempts(clock)
    fail(attempts, 9)
    clock.now = 59.0
    fail(attempts, 1)
    with pytest.raises(TooManyRequests, match="try again in 1 s"):
        attempts.check("here", "bob")


def test_an_address_has_so_many_tries_for_all_users(clock):
    attempts = Attempts(clock)
    for number in range(40):
        fail(attempts, 5, username=f"user{number}")
    with pytest.raises(TooManyRequests):
        attempts.check("here", "another")
    attempts.check("elsewhere", "another")


def test_invented_names_take_no_memory_without_end(clock, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 8)
    attempts = Attempts(clock)
    fail(attempts, 9, username="kept busy")
    for number in range(20):
        attempts.count(f"address{number}", f"user{number}")
    assert len(attempts._failures) == 8
