"""How Crateflow itself gets into an image: as a wheel of what runs here, or by name from an index."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from pycore.errors import InvalidInput, MlflowException
from pycore.models.requirements import OURS

_LINES_SHOWN = 15
#: The same files make the same wheel, so that an engine finds the layer that it built before.
_TIME = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: crateflow\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def provide(folder: Path, source: Path | None = None) -> str:
    """Return what pip is to install in an image, as it is called from a folder.

    Parameters
    ----------
    folder : Path
        Gets a wheel, unless an index has the version that runs here.
    source : Path, optional
        A source tree to build, in place of what runs here.

    Returns
    -------
    str
        Path of the wheel relative to the folder, or ``crateflow==VERSION``.

    Raises
    ------
    InvalidInput
        `source` is no source tree of Crateflow, or pip cannot build it.
    """
    if source is not None:
        return f"./{_build(source, folder).name}"
    installed = distribution(OURS)
    # Left by pip where it did not take a distribution from an index: from a folder, a file or an address.
    if installed.read_text("direct_url.json") is None:
        return f"{OURS}=={installed.version}"
    return f"./{_pack(installed, folder).name}"


def _build(source: Path, folder: Path) -> Path:
    if not (source / "pyproject.toml").is_file():
        raise InvalidInput(f"{source} holds no source of Crateflow: there is no pyproject.toml in it.")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    done = subprocess.run(  # noqa: S603 - the user's own source tree
        [*command, "--wheel-dir", str(folder), str(source.absolute())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "\n".join(done.stdout.strip().splitlines()[-_LINES_SHOWN:])
        raise MlflowException(f"pip cannot build a wheel from {source}: {said}")
    wheel = next(folder.glob(f"{OURS}-*.whl"), None)
    if wheel is None:
        raise InvalidInput(f"{source} is the source of something else than Crateflow.")
    return wheel


def _pack(installed: Distribution, folder: Path) -> Path:
    """Write a wheel of the files that run here, in the format of the Binary Distribution specification."""
    stem = f"{OURS}-{installed.version}"
    content = {
        **dict(_modules(installed)),
        f"{stem}.dist-info/METADATA": (installed.read_text("METADATA") or "").encode(),
        f"{stem}.dist-info/WHEEL": _WHEEL.encode(),
        f"{stem}.dist-info/entry_points.txt": (installed.read_text("entry_points.txt") or "").encode(),
    }
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in content.items()]
    content[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
    return wheel


def _modules(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the packages that the distribution's entry points lie in, by their name in it."""
    for package in sorted({entry.module.partition(".")[0] for entry in installed.entry_points}):
        spec = importlib.util.find_spec(package)
        assert spec is not None, "its entry points are tested"
        for root in map(Path, spec.submodule_search_locations or ()):
            for file in sorted(root.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    yield f"{package}/{file.relative_to(root).as_posix()}", file.read_bytes()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
