"""The program that builds images: Docker, or one that takes the same arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from pycore.errors import MlflowException, Unavailable

#: Docker first; the others make images of the same kind.
ENGINES = ("docker", "podman", "buildah")

#: Where pip finds packages: handed on where they are set, and not kept in the image.
BUILD_ARGUMENTS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")


class ContainerEngine:
    """An engine that is there and answers.

    Parameters
    ----------
    name : str
        One of `ENGINES`.

    Raises
    ------
    Unavailable
        There is no such program, or it cannot build now.
    """

    def __init__(self, name: str) -> None:
        program = shutil.which(name)
        if program is None:
            raise Unavailable(
                f"There is no {name!r} on the PATH, which builds the image: install it, name another "
                f"({', '.join(ENGINES)}) with --engine, or write the files with `crateflow models "
                "generate-dockerfile` and build them elsewhere."
            )
        self.name = name
        self._program = program
        self._check()

    def build(self, folder: Path, tag: str) -> None:
        """Build the image of a folder; what the engine says goes to where this process writes.

        Raises
        ------
        MlflowException
            The build failed; the engine has said why.
        """
        command = [self._program, "build", "--tag", tag]
        if self.name != "docker":
            # The other format has no health checks.
            command += ["--format", "docker"]
        for name in BUILD_ARGUMENTS:
            if name in os.environ:
                command += ["--build-arg", name]
        done = subprocess.run([*command, "."], cwd=folder, check=False)  # noqa: S603 - the user's own engine
        if done.returncode:
            raise MlflowException(
                f"{self.name} could not build the image (exit status {done.returncode}); it says why above."
            )

    def _check(self) -> None:
        """Ask for what only a running engine knows."""
        try:
            done = subprocess.run(  # noqa: S603 - as in `build`
                [self._program, "info"],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except OSError as error:
            raise Unavailable(f"{self.name} does not answer: {error}.") from error
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it does not say why"]
            raise Unavailable(
                f"{self.name} cannot build images now: {said[-1]} (`{self.name} info` tells more.)"
            )
