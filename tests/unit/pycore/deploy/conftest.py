"""Model folders that need no library, and an engine that notes how it is called."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

#: In place of Docker, which tests/heavy has: it leaves a note of its arguments and of the files
#: it was started among, says what it is told to, and ends with the status it is told.
ENGINE = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path.cwd()
found = here.rglob("*") if sys.argv[1] == "build" else []
files = [file.relative_to(here).as_posix() for file in found if file.is_file()]
note = {{"arguments": sys.argv[1:], "files": files, "folder": str(here)}}
with open({notes!r}, "a") as notes:
    print(json.dumps(note), file=notes)
print({says!r}, file=sys.stderr)
sys.exit({statuses!r}.get(sys.argv[1], 0))
"""


class RecordingEngine:
    """A program on the PATH under an engine's name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / "notes"

    def install(self, name: str = "docker", says: str = "", **statuses: int) -> None:
        program = self._folder / name
        text = ENGINE.format(python=sys.executable, notes=str(self._notes), says=says, statuses=statuses)
        program.write_text(text)
        program.chmod(0o755)

    def builds(self) -> list[dict[str, object]]:
        """Return what was noted of every build."""
        if not self._notes.exists():
            return []
        notes = map(json.loads, self._notes.read_text().splitlines())
        return [note for note in notes if note["arguments"][0] == "build"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordingEngine:
    """The only programs on the PATH: none until one is installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"):
        monkeypatch.delenv(name, raising=False)
    return RecordingEngine(folder)


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """Write a model folder: the sections of its MLmodel, and further files by name."""

    def write(name: str = "model", files: dict[str, str] | None = None, **flavors: object) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        sections = flavors or {"sklearn": {}, "python_function": {"loader_module": "mlflow.sklearn"}}
        (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": sections}))
        for file, text in (files or {}).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        return folder

    return write
