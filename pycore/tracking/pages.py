"""Walking through all pages of a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pycore.entities import PagedList

T = TypeVar("T")


def collect(
    search: Callable[[int, str | None], PagedList[T]], page_size: int, max_results: int | None = None
) -> list[T]:
    """Return the first `max_results` items of a search, all of them when it is None.

    Parameters
    ----------
    search : callable
        Takes the size of a page and the token of the page wanted, None for the first.
    page_size : int
        Size of a request; the last one asks for what is missing.
    """
    found: list[T] = []
    token: str | None = None
    while max_results is None or len(found) < max_results:
        wanted = page_size if max_results is None else min(page_size, max_results - len(found))
        page = search(wanted, token)
        found += page
        token = page.token
        if token is None:
            break
    return found
