"""Copying artifacts from where MLflow kept them."""

from __future__ import annotations

from pycore.artifacts.paths import checked
from pycore.artifacts.stores import PROXY_SCHEME, scheme_of
from pycore.errors import InvalidInput, NotFound
from pycore.importing.report import Report
from pycore.protocols import ArtifactStore, ArtifactStores


class ArtifactCopier:
    """Copies the files below one artifact URI to below another.

    A file that is there already with the same size is not copied again: stores write files whole.

    Parameters
    ----------
    sources, targets : ArtifactStores
        Which reach the old and the new places.
    report : Report
        Counts files and bytes, and gets what could not be copied.
    """

    def __init__(self, sources: ArtifactStores, targets: ArtifactStores, report: Report) -> None:
        self._sources = sources
        self._targets = targets
        self._report = report

    def copy(self, old: str, new: str) -> bool:
        """Copy all files; return False where the old place cannot be reached, which is remarked."""
        try:
            source = self._sources.open(old)
            names = source.list()
        except (InvalidInput, NotFound):
            self._report.remark(_why_not(old), old)
            return False
        if names:
            self._copy_folder(source, self._targets.open(new), "", old)
        return True

    def _copy_folder(self, source: ArtifactStore, target: ArtifactStore, folder: str, root: str) -> None:
        present = {info.path: info.file_size for info in target.list(folder) if not info.is_dir}
        for info in source.list(folder):
            try:
                path = checked(info.path)
            except InvalidInput:
                self._report.remark("file not copied, its name is not allowed", f"{root}/{info.path}")
                continue
            if info.is_dir:
                self._copy_folder(source, target, path, root)
            elif path in present and present[path] == info.file_size:
                self._report.present["files"] += 1
            else:
                with source.open(path) as content:
                    target.write(path, content)
                self._report.added["files"] += 1
                self._report.added["bytes"] += info.file_size or 0


def _why_not(uri: str) -> str:
    if scheme_of(uri) == PROXY_SCHEME:
        return (
            "artifacts not copied, they lay behind MLflow's server: name its --artifacts-destination with "
            "--source-artifacts"
        )
    return f"artifacts not copied, {scheme_of(uri) or 'local'} addresses cannot be read from here"
