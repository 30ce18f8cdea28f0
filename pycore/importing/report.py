"""What an import did, and what it could not do."""

from __future__ import annotations

from collections import Counter

_SHOWN = 3

#: The things counted, in the order of the report.
KINDS = (
    "experiments",
    "runs",
    "metric points",
    "logged models",
    "registered models",
    "model versions",
    "files",
    "bytes",
)


class Report:
    """Counts what was added and what was there already, and keeps why something was left out.

    Attributes
    ----------
    added, present : Counter of str
        By `KINDS`.
    remarks : dict of str to list of str
        Reason -> what it concerns.
    """

    def __init__(self) -> None:
        self.added: Counter[str] = Counter()
        self.present: Counter[str] = Counter()
        self.remarks: dict[str, list[str]] = {}

    def remark(self, reason: str, subject: str) -> None:
        """Keep a reason, and one more thing that it concerns."""
        self.remarks.setdefault(reason, []).append(subject)

    def remark_lines(self) -> list[str]:
        """Return a line for each reason: how many things it concerns, and the first of them."""
        lines = []
        for reason, subjects in self.remarks.items():
            shown = ", ".join(subjects[:_SHOWN])
            rest = f" and {len(subjects) - _SHOWN} more" if len(subjects) > _SHOWN else ""
            lines.append(f"{shown}{rest}: {reason}")
        return lines
