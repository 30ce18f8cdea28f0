"""Bearer tokens of a gateway: who may score."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pycore.errors import InvalidInput, Unauthenticated


class Tokens:
    """The tokens that open a gateway.

    Parameters
    ----------
    tokens : sequence of str
    """

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [token.encode() for token in tokens]

    @classmethod
    def from_file(cls, path: Path) -> Tokens:
        """Read a file of tokens, one per line.

        Raises
        ------
        InvalidInput
            There is none in it, which would open the gateway to nobody.
        """
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise InvalidInput(f"The token file {str(path)!r} cannot be read: {error.strerror}.") from error
        tokens = [line.strip() for line in lines if line.strip()]
        if not tokens:
            raise InvalidInput(f"The token file {str(path)!r} is empty: write one token per line.")
        return cls(tokens)

    def admit(self, environ: Mapping[str, Any], name: str) -> None:
        """Refuse a request, given as WSGI has it, without a token; they open all models alike."""
        self.check(environ.get("HTTP_AUTHORIZATION"))

    def check(self, authorization: str | None) -> None:
        """Refuse a request whose Authorization header bears none of the tokens."""
        scheme, _, given = (authorization or "").partition(" ")
        # Every token is compared, each in constant time: how long it takes tells nothing.
        # WSGI hands over the bytes of a header as Latin-1.
        matches = [hmac.compare_digest(token, given.strip().encode("latin-1")) for token in self._tokens]
        if scheme.lower() != "bearer" or not any(matches):
            raise Unauthenticated(
                "Scoring here needs a valid token: send it as 'Authorization: Bearer <token>'."
            )
