"""Columns of text for people."""

from __future__ import annotations

from collections.abc import Sequence


def render(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines of aligned columns under their headers."""
    lines = [list(headers), ["-" * len(header) for header in headers], *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    lines[1] = ["-" * width for width in widths]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)
