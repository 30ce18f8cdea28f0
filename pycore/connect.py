"""From a tracking or registry URI to the platform behind it.

One of the two modules that know every piece (`app` is the other); who calls it gets the nouns of
`pycore.protocols` and need not know whether they answer in process or over HTTP.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from pycore.artifacts.stores import scheme_of
from pycore.errors import InvalidInput
from pycore.protocols import Api

DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")
#: Folder for the artifacts of experiments that name no place of their own, beside an SQLite file.
ARTIFACT_FOLDER = "mlruns"

# Opening a database or a connection is slow, using one from many threads and after a fork is safe.
_opened: dict[str, Api] = {}
_lock = threading.Lock()


def connect(uri: str) -> Api:
    """Return the platform at a URI; the same object each time.

    Parameters
    ----------
    uri : str
        ``http://…`` or ``https://…`` of a server, or a database: ``sqlite:///relative.db``,
        ``sqlite:////absolute.db``, ``postgresql://…``, ``mysql://…``. A database that is empty gets its
        tables.

    Raises
    ------
    InvalidInput
        It is neither.
    Unavailable
        The database cannot be used; a server is asked nothing yet.
    """
    uri = absolute(uri)
    with _lock:
        if uri not in _opened:
            _opened[uri] = _open(uri)
        return _opened[uri]


def absolute(uri: str) -> str:
    """Return a URI as it will be understood later, whatever the working directory is then."""
    scheme = scheme_of(uri)
    if scheme in ("http", "https"):
        return uri.rstrip("/")
    prefix, separator, path = uri.partition(":///")
    is_relative = path and not path.startswith(("/", ":memory:", "file:"))
    if scheme.partition("+")[0] == "sqlite" and separator and is_relative:
        return f"{prefix}:///{Path.cwd() / path}"
    return uri


def _open(uri: str) -> Api:
    scheme = scheme_of(uri)
    if scheme in ("http", "https"):
        # Half a program's start is loading HTTP or SQL; each pays for the one it uses.
        from pycore.client.build import build_api as build_client

        return build_client(uri)
    if scheme.partition("+")[0] in DATABASES:
        return _open_database(uri)
    raise InvalidInput(
        f"Nothing can be tracked at {uri!r}: expected the address of a server (http://, https://) or a "
        "database (sqlite:///mlflow.db). Folders of run files (mlruns) are not supported: use a database."
    )


def _open_database(uri: str) -> Api:
    from pycore.artifacts.stores import StoresByScheme
    from pycore.services.build import build_api as build_services
    from pycore.store.database import Database

    database = Database.open(uri)
    is_file = database.url.get_backend_name() == "sqlite"
    folder = Path(database.url.database or "").parent if is_file else Path.cwd()
    return build_services(database, StoresByScheme(), str(folder / ARTIFACT_FOLDER))


def _after_fork() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
