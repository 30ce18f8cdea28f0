"""Values that a factor of a model's formula has no level for: told by name, where R names the term alone."""

from __future__ import annotations

from collections.abc import Sequence

from rbridge.call import RSession
from rbridge.runtime import Sexp
from rbridge.rvectors import VectorWriter

#: Values and levels named in a message.
_SHOWN = 20


def unseen_levels(session: RSession, write: VectorWriter, function: Sexp, data: Sexp) -> list[str]:
    """Ask why a crate's model refused rows, and return a fault for each term with unknown values.

    Asked after the fact: the terms of a formula, ``factor(x)`` or ``interaction(x, y)``, are computed
    from the rows, which would cost every request what only the wrong ones need.
    """
    found = session.call("unseen_levels", write, function, data)
    read = session.read
    if read.is_null(found):
        return []
    faults = []
    for fault in read.items(found):
        columns, term, values, levels = map(read.texts, read.items(fault))
        faults.append(_fault(columns, term[0], values, levels))
    return faults


def none_of(values: Sequence[str], levels: Sequence[str]) -> str:
    """Say that values are no levels."""
    told = ", ".join(map(repr, values[:_SHOWN]))
    known = ", ".join(map(repr, levels[:_SHOWN]))
    more = ", ..." if len(levels) > _SHOWN else ""
    return f"{told} is none of the levels {known}{more}"


def _fault(columns: Sequence[str], term: str, values: Sequence[str], levels: Sequence[str]) -> str:
    where = f"column{'s' if len(columns) > 1 else ''} {' and '.join(map(repr, columns))}"
    of_term = "" if [term] == columns else f" of {term}"
    return f"{where}: {none_of(values, levels)}{of_term}"
