"""``crateflow --env-file``: environment variables from a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)", re.ASCII)
_QUOTED = re.compile(r"""(?:'(?P<plain>[^']*)'|"(?P<escaped>(?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def load(_: click.Context, __: click.Parameter, file: Path | None) -> None:
    """Set the variables that a file gives, but those that are set already; a callback of click's."""
    if file is None:
        return
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} cannot be read: {error}.") from error
    for name, value in read(text, file.name).items():
        os.environ.setdefault(name, value)


def read(text: str, source: str) -> dict[str, str]:
    """Return the variables of a text with lines ``NAME=VALUE``.

    Lines may begin with ``export``; comments begin with ``#``. A value in single quotes is taken as it is,
    one in double quotes may have escapes such as ``\\n``.

    Parameters
    ----------
    text : str
    source : str
        What to call it in errors.

    Raises
    ------
    BadParameter
        A line is none of that; the message has its number, not what is in it.
    """
    found = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = None if match is None else _value(match["value"])
        if match is None or value is None:
            raise click.BadParameter(f"line {number} of {source} is not of the form NAME=VALUE.")
        found[match["name"]] = value
    return found


def _value(text: str) -> str | None:
    """Return what a value stands for; None where a quote does not end."""
    if not text.startswith(("'", '"')):
        return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return None
    if quoted["plain"] is not None:
        return quoted["plain"]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted["escaped"])
