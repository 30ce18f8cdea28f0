"""What a crate's model says about the columns it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rbridge.call import RSession
from rbridge.runtime import Sexp


@dataclass(frozen=True)
class ModelColumns:
    """The columns of a model; all empty where it does not say.

    Parameters
    ----------
    names : tuple of str
        In the model's order.
    exact : bool
        The model takes its columns by position, and no others.
    levels : dict of str to list of str
        Of factors and texts; empty for numbers.
    classes : dict of str to str
        "factor", "ordered", "character" or "numeric", for each column in `levels`.
    """

    names: tuple[str, ...] = ()
    exact: bool = False
    levels: Mapping[str, list[str]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_crate(cls, session: RSession, function: Sexp) -> ModelColumns:
        """Ask the model inside a crate, as far as `model_columns.R` knows its class."""
        with session.memory() as write:
            found = session.call("crate_columns", write, function)
            read = session.read
            if read.is_null(found):
                return cls()
            names, exact, coded, classes, levels = read.items(found)
            columns = read.texts(coded)
            return cls(
                tuple(read.texts(names)),
                bool(read.integers(exact)[0]),
                dict(zip(columns, map(read.texts, read.items(levels)), strict=True)),
                dict(zip(columns, read.texts(classes), strict=True)),
            )
