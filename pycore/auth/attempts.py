"""Slowing down who guesses passwords."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from pycore.errors import TooManyRequests

#: Failures within the window after which no more is tried: for a user from one address, and from one
#: address in all. Many users may share an address, behind a proxy all do.
_OF_USER = 10
_OF_ADDRESS = 200
_WINDOW_S = 60.0
#: Callers may invent names; not all of them are remembered.
_REMEMBERED = 10_000


class Attempts:
    """Counts failed logins in one process.

    A user is not locked out by others' failures: they count by the address they come from.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: Address and user, "" for all users -> failures, and when their window ends.
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, address: str, username: str) -> None:
        """Refuse a further attempt of who failed too often.

        Raises
        ------
        TooManyRequests
            Says when to come back.
        """
        with self._lock:
            now = self._clock()
            for key, most in (((address, username), _OF_USER), ((address, ""), _OF_ADDRESS)):
                count, ends = self._failures.get(key, (0, now))
                if count >= most and now < ends:
                    raise TooManyRequests(
                        f"Too many wrong passwords from this address; try again in {ends - now:.0f} s."
                    )

    def count(self, address: str, username: str) -> None:
        """Note a failure."""
        with self._lock:
            now = self._clock()
            for key in ((address, username), (address, "")):
                count, ends = self._failures.pop(key, (0, 0.0))
                self._failures[key] = (count + 1, ends) if now < ends else (1, now + _WINDOW_S)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
