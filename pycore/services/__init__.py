"""The rules: what is legal, what follows from what, and which changes belong together.

A request enters at the object of its noun, which satisfies the protocol of the same name, checks the
arguments, opens one transaction and calls `pycore.store` inside it. `build_api` makes all of them over a
database.
"""

from pycore.services.build import build_api

__all__ = ["build_api"]
