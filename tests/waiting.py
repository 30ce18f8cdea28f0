"""Waiting for something to become true, for no longer than it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: How long a test waits for what must happen, before it calls it not happening; of no meaning otherwise.
LIMIT_S = 300


def until(condition: Callable[[], T]) -> T:
    """Return the first true value of a condition; fail when it stays false."""
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {LIMIT_S} s"
        time.sleep(0.01)
    return value
