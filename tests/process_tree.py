"""Processes that tests look at from outside; any of them may end between two looks."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Process ids of those that a process, or a thread of it, has started."""
    texts = [_read(task / "children") for task in _entries(Path(f"/proc/{pid}/task"))]
    return [int(child) for text in texts for child in text.split()]


def descendants(pid: int) -> list[int]:
    """Process ids of all below a process."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to take note does not."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return bool(state) and state[0] != "Z"


def command_line(pid: int) -> str:
    """The words that a process was started with, each followed by a NUL; empty for one that has ended."""
    return _read(Path(f"/proc/{pid}/cmdline"))


def is_model_host(pid: int) -> bool:
    """Whether a process is the model host of a scoring server."""
    return "pycore.scoring.engine.host" in command_line(pid)


def open_files(pid: int) -> list[str]:
    """What a process holds open: paths, and the like of ``socket:[123]``."""
    found = []
    for entry in _entries(Path(f"/proc/{pid}/fd")):
        try:
            found.append(str(entry.readlink()))
        except OSError:  # Closed since it was listed.
            continue
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
