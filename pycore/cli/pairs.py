"""Options that are given as NAME=VALUE, many times."""

from __future__ import annotations

import click


def pairs(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Return what an option with ``multiple=True`` was given, by name; a callback of click's."""
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not (name and mark):
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice.")
        found[name] = value
    return found
