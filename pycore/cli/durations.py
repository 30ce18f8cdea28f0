"""Lengths of time as options have them."""

from __future__ import annotations

import re

import click

_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+(?:\.\d+)?){unit})?" for unit in _MS), re.ASCII)


def milliseconds(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Return the milliseconds of a text such as 1d2h3m4s; None for none. A callback of click's."""
    if value is None:
        return None
    match = _DURATION.fullmatch(value)
    if not match or not value:
        raise click.BadParameter(f"expected days, hours, minutes and seconds as in 1d2h3m4s, got {value!r}.")
    return int(sum(float(number) * _MS[unit] for unit, number in match.groupdict("0").items()))
