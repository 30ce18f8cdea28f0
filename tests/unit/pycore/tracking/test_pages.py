from pycore.entities import PagedList
from pycore.tracking import pages


class Search:
    """Finds the numbers below a limit."""

    def __init__(self, found: int) -> None:
        self.found = found
        self.sizes: list[int] = []

    def __call__(self, size: int, token: str | None) -> PagedList[int]:
        self.sizes.append(size)
        start = int(token or 0)
        end = min(start + size, self.found)
        return PagedList(range(start, end), str(end) if end < self.found else None)


def test_all_pages_are_collected() -> None:
    search = Search(25)

    assert pages.collect(search, 10) == list(range(25))
    assert search.sizes == [10, 10, 10]


def test_a_limit_asks_for_no_more_than_it_needs() -> None:
    search = Search(100)

    assert pages.collect(search, 10, 15) == list(range(15))
    assert search.sizes == [10, 5]


def test_a_limit_above_what_there_is() -> None:
    assert pages.collect(Search(3), 10, 50) == [0, 1, 2]
