"""A small repository of R source packages: current versions beside its index, earlier ones in its archive."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path


class RRepository:
    """What `install.packages` can install from.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._contrib = folder / "src" / "contrib"
        self._contrib.mkdir(parents=True)
        (self._contrib / "PACKAGES").touch()
        self.url = folder.as_uri()

    def add(self, name: str, version: str, code: str, imports: str = "", archived: bool = False) -> None:
        """Put a package there that exports all it defines."""
        fields = {"Package": name, "Version": version}
        fields |= {"Imports": imports} if imports else {}
        described = "".join(f"{field}: {value}\n" for field, value in fields.items())
        folder = self._contrib / "Archive" / name if archived else self._contrib
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "DESCRIPTION": f"{described}Title: Test\nLicense: None\nAuthor: A\nMaintainer: A <a@b.c>\n",
            "NAMESPACE": 'exportPattern(".")\n',
            "R/code.R": code,
        }
        with tarfile.open(folder / f"{name}_{version}.tar.gz", "w:gz") as archive:
            for path, text in files.items():
                entry = tarfile.TarInfo(f"{name}/{path}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        if not archived:
            with (self._contrib / "PACKAGES").open("a") as index:
                index.write(described + "\n")
