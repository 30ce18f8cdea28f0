"""Places that moved, and what lies in them."""

from __future__ import annotations

from pycore.artifacts.stores import folder_of, is_local


class Relocation:
    """Says where the files of an old location are now.

    A folder is the same place as a path and as a ``file:`` URI.
    """

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def add(self, old: str, new: str) -> None:
        """Keep that all below one location is below another now."""
        self._places[_canonical(old)] = new.rstrip("/")

    def apply(self, uri: str) -> str:
        """Return where a location is now; the same one if nothing is known of it or of what is above it."""
        place, below = _canonical(uri), ""
        while place:
            if place in self._places:
                return self._places[place] + below
            place, _, name = place.rpartition("/")
            below = f"/{name}{below}"
        return uri


def _canonical(uri: str) -> str:
    return str(folder_of(uri)) if uri and is_local(uri) else uri.rstrip("/")
