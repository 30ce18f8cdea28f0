"""A page of a search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class PagedList(list[T]):
    """A list that knows how to go on.

    Parameters
    ----------
    items : iterable
        The page.
    token : str or None
        To be given back for the next page; None on the last one.
    """

    def __init__(self, items: Iterable[T] = (), token: str | None = None) -> None:
        super().__init__(items)
        self.token = token
