"""Virtual environments that are made once for the same demands, and kept: of projects, and of models."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pycore import config
from pycore.errors import InvalidInput, MlflowException

_FILE_OPTION = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(.+)")
_OF_FOLDER = re.compile(r"\.|/|-e\b|--editable\b")
_TAIL_CHARACTERS = 2000


@dataclass(frozen=True)
class VirtualEnvironment:
    """What an environment is made from.

    Parameters
    ----------
    folder : Path
        Where pip runs: files that the demands name are relative to it.
    demands : sequence of sequence of str
        As pip takes them, the lists one after the other.
    interpreter : str
        The Python that it is of.
    inherited : Path, optional
        Folder of installed packages, with which the demands may be met already.
    failure : callable
        Makes the error to raise from what failed.
    """

    folder: Path
    demands: Sequence[Sequence[str]]
    interpreter: str
    failure: Callable[[str], MlflowException]
    inherited: Path | None = None

    def make(self) -> Path:
        """Return the environment's folder, made or found.

        Raises
        ------
        InvalidInput
            A requirements file cannot be read.
        MlflowException
            The `failure`: pip could not install what is demanded.
        """
        root = Path(config.ENV_ROOT.get()).expanduser().absolute()
        root.mkdir(parents=True, exist_ok=True)
        made = root / self._key()
        # Present only when all of the installation went well.
        stamp = made / "complete"
        with _locked(made.with_suffix(".lock")):
            if not stamp.exists():
                print(f"=== Making the virtual environment {made} ===", file=sys.stderr, flush=True)
                shutil.rmtree(made, ignore_errors=True)
                self._do([self.interpreter, "-m", "venv", str(made)])
                if self.inherited is not None:
                    # As a folder of installed packages of its own, with what that refers to.
                    line = f"import site; site.addsitedir({str(self.inherited)!r})\n"
                    (packages_of(made) / "inherited.pth").write_text(line)
                pip = [str(made / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
                for demands in self.demands:
                    if demands:
                        self._do([*pip, *_as_arguments(demands)])
                stamp.touch()
        return made

    def _key(self) -> str:
        demands = [line for lines in self.demands for line in lines]
        files = _contents(demands, self.folder)
        texts = [
            self.interpreter,
            str(self.inherited),
            json.dumps([list(each) for each in self.demands]),
            *files,
        ]
        # The code of a folder says nothing about itself: its environment is that folder's own.
        if any(_OF_FOLDER.match(line) for line in [*demands, *"\n".join(files).splitlines()]):
            texts.append(str(self.folder))
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:40]

    def _do(self, command: Sequence[str]) -> None:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")
        }
        done = subprocess.run(  # noqa: S603  # their own demands, which their code could install as well
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise self.failure(
                f"{' '.join(command)!r} ended with status {done.returncode}: "
                f"{done.stdout.strip()[-_TAIL_CHARACTERS:]}"
            )


def packages_of(environment: Path) -> Path:
    """Return the folder of an environment that pip installs into."""
    return next(environment.glob("lib/python*/site-packages"))


def _contents(demands: Sequence[str], folder: Path) -> list[str]:
    """Return the texts of the requirements files that demands name, and of those that these name."""
    found = []
    for line in demands:
        if match := _FILE_OPTION.match(line.strip()):
            file = folder / match[1].strip()
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise InvalidInput(f"The requirements file {file} cannot be read: {error}.") from error
            found += [text, *_contents(text.splitlines(), file.parent)]
    return found


def _as_arguments(demands: Sequence[str]) -> list[str]:
    # An option and its value are two arguments; a requirement with blanks is one.
    return [part for line in demands for part in (line.split(None, 1) if line.startswith("-") else [line])]


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    # Two processes may need it at once.
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
