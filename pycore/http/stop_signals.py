"""The signals that ask a process to stop, held back where it would miss them.

Python forgets an interrupt that it raises while it forks, and a copy of a process whose handlers are still
those of the original acts on none.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})


@contextmanager
def held_back() -> Iterator[None]:
    """Have signals wait until the block ends; a process that is forked in it, until it lets them through."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Act on what was held back, from now on at once."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
