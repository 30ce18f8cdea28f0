"""The most that the body of a request may be, and may become."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.config import MAX_BODY_MB
from pycore.errors import PayloadTooLarge

_MB = 1 << 20
#: What a cell of a table takes that holds no value.
_CELL_BYTES = 8


@dataclass(frozen=True)
class BodyLimit:
    """A size that neither a body nor what it unfolds to may pass.

    Parameters
    ----------
    mb : int
    """

    mb: int

    @property
    def n_bytes(self) -> int:
        """The same in bytes."""
        return self.mb * _MB

    def check(self, what: str, n_bytes: int) -> None:
        """Refuse what is larger.

        Parameters
        ----------
        what : str
            Begins the message.
        n_bytes : int

        Raises
        ------
        PayloadTooLarge
        """
        if n_bytes > self.n_bytes:
            raise PayloadTooLarge(
                f"{what} is larger than {self.mb} MB, the limit of this server; send fewer rows at a time, "
                "or raise --max-body-mb."
            )

    def check_gaps(self, what: str, n_cells: int) -> None:
        """Refuse a table that has more cells which the body left out than there is room for; see `check`."""
        self.check(what, n_cells * _CELL_BYTES)


def configured_limit() -> BodyLimit:
    """Return the limit that the settings tell."""
    return BodyLimit(MAX_BODY_MB.get())


#: For bodies that do not come over the network.
UNLIMITED = BodyLimit(1 << 30)
