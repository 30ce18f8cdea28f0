"""A bar for transfers that take their time, where somebody looks on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from pycore.artifacts.progress import observed

#: A transfer that is over by then shows nothing.
DELAY_S = 0.5


@contextmanager
def transfer_bar(label: str) -> Iterator[None]:
    """Show on stderr how far the transfers of a block are, unless stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    start = time.monotonic()
    shown_bytes = 0
    update: Callable[[int], None] | None = None
    with ExitStack() as bar:

        def show(moved_bytes: int, total_bytes: int) -> None:
            nonlocal shown_bytes, update
            if update is None:
                if time.monotonic() - start < DELAY_S:
                    return
                made = click.progressbar(length=total_bytes, label=label, file=sys.stderr)
                update = bar.enter_context(made).update
            update(moved_bytes - shown_bytes)
            shown_bytes = moved_bytes

        with observed(show):
            yield
