"""Puts the pieces of an import together."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pycore.artifacts.stores import PROXY_SCHEME, StoresByScheme, folder_of, is_local, scheme_of
from pycore.errors import Conflict, InvalidInput
from pycore.importing.artifact_copier import ArtifactCopier
from pycore.importing.importer import Importer
from pycore.importing.official_database import OfficialDatabase
from pycore.importing.report import Report
from pycore.importing.run_folders import RunFolders
from pycore.importing.source import Source
from pycore.importing.target import Target
from pycore.services import build_api
from pycore.store import Database, schema


@dataclass(frozen=True)
class ImportOptions:
    """What an import is to do with artifacts, and whether it is one.

    Attributes
    ----------
    copies : bool
        Whether artifacts are copied; otherwise they stay where they are.
    source_artifacts : str or None
        Folder or URI that MLflow's server had as ``--artifacts-destination``.
    artifacts_destination : str
        Folder or URI that Crateflow's server has as ``--artifacts-destination``.
    artifact_root : str
        URI below which the copies lie.
    dry_run : bool
        Whether to write nothing, and only count.
    """

    copies: bool = True
    source_artifacts: str | None = None
    artifacts_destination: str = "./mlartifacts"
    artifact_root: str = f"{PROXY_SCHEME}:/"
    dry_run: bool = False


def import_from_mlflow(
    source: str,
    target: str,
    options: ImportOptions,
    progress: Callable[[int], AbstractContextManager[Callable[[int], object]]] = lambda _: nullcontext(int),
) -> Report:
    """Bring what official MLflow kept into a Crateflow database.

    Parameters
    ----------
    source : str
        URI of MLflow's database, or a folder of run files.
    target : str
        URI of Crateflow's database, which is made if it is not there.
    options : ImportOptions
    progress : callable
        Given the count of runs and models, makes the context in which each of them is told to what it gives.

    Raises
    ------
    InvalidInput
        The source is nothing that MLflow kept, or the target is not a database.
    Unavailable
        One of the two, or artifacts to copy, cannot be reached.
    """
    report = Report()
    with _opened(source, report) as found, _database(target, options.dry_run) as database:
        root = _absolute(options.artifact_root)
        targets = StoresByScheme(_absolute(options.artifacts_destination))
        # It makes the experiment Default, as a server does.
        build_api(database, targets, root)
        sources = StoresByScheme(options.source_artifacts and _absolute(options.source_artifacts))
        copier = ArtifactCopier(sources, targets, report) if options.copies else None
        with progress(found.count()) as step:
            Importer(
                found, Target(database), report, copier, root, dry_run=options.dry_run, progress=step
            ).run()
    return report


@contextmanager
def _opened(source: str, report: Report) -> Iterator[Source]:
    if is_local(source):
        folder = folder_of(source)
        if not folder.is_dir():
            raise InvalidInput(
                f"There is no folder {str(folder)!r}. Give an mlruns folder, or the URI of a database, as in "
                "sqlite:///mlflow.db."
            )
        yield RunFolders(folder, report)
        return
    if scheme_of(source) in ("http", "https"):
        raise InvalidInput(
            f"{source!r} is a server; give what it keeps its runs in: the URI or folder that it has as "
            "--backend-store-uri."
        )
    with OfficialDatabase(source, report) as database:
        yield database


@contextmanager
def _database(uri: str, dry_run: bool) -> Iterator[Database]:
    if not dry_run or _is_current(uri):
        with Database.open(uri) as database:
            yield database
        return
    # In place of one that is not there yet, and is not to be made.
    with (
        tempfile.TemporaryDirectory(prefix="crateflow-") as folder,
        Database.open(f"sqlite:///{folder}/empty.db") as database,
    ):
        yield database


def _is_current(uri: str) -> bool:
    """Return whether a database is there; one with an older schema is refused."""
    with Database(uri) as database:
        if database.url.get_backend_name() == "sqlite" and not Path(database.url.database or "").exists():
            return False
        with database.reading() as connection:
            found = schema.revision(connection)
    if found not in (None, schema.HEAD):
        raise Conflict(
            f"The target has schema revision {found}, this release needs {schema.HEAD}: run `crateflow db "
            "upgrade` first."
        )
    return found is not None


def _absolute(uri: str) -> str:
    return str(folder_of(uri)) if is_local(uri) else uri
