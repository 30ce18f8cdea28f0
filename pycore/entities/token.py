"""A bearer token: what a program proves with that it acts for a user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pycore.entities.entity import Entity


class TokenScope(Enum):
    """What a token opens of all that its user may do."""

    ALL = "all"
    #: To read, and to score.
    READ = "read"
    #: To score with registered models, and nothing else.
    SCORE = "score"


@dataclass(frozen=True)
class Token(Entity):
    """A token as it is kept: its text is known to whoever was given it alone.

    Attributes
    ----------
    username, name : str
        The name tells the tokens of a user apart.
    scope : TokenScope
    creation_time : int
        Milliseconds since 1970 UTC, as the others.
    expiry_time : int or None
        None for one that does not expire.
    last_used_time : int or None
        To within some minutes; None for one never used.
    """

    username: str
    name: str
    scope: TokenScope
    creation_time: int
    expiry_time: int | None = None
    last_used_time: int | None = None
