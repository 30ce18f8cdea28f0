"""Making very many objects at once, without looking for garbage among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause Python's collector of cycles for as long as a large page is read.

    It looks through what is new with every 700 objects, and through everything each time that has grown by
    a quarter: nearly half of the time of a page of 10,000 runs, none of whose objects is ever in a cycle.
    What else becomes garbage meanwhile is collected afterwards.
    """
    # Threads that pause at once leave it on all the same: only those that found it on turn it on.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
