"""Which revision of the schema a database has, and the way to the newest.

Migrations are numbered files in `pycore.store.migrations`. They run inside the transaction that the
caller began, and inside `only_one`, which holds back every other process that starts at the same moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

from pycore.errors import Unavailable

#: The newest revision, repeated here so that opening an up-to-date database need not load Alembic.
HEAD = "0004"

_VERSION_TABLE = "alembic_version"
_OWN_REVISION = re.compile(r"\d{4}")
_MIGRATIONS = "pycore.store:migrations"
# Any constants do, as long as no other program locks the same.
_POSTGRESQL_LOCK = 0x_C2A7_EF10
# A lock's name is short. MySQL 9 has no MD5() any more.
_MYSQL_LOCK = "CONCAT('crateflow ', LEFT(SHA2(DATABASE(), 256), 32))"
_LOCK_TIMEOUT_S = 120


def revision(connection: Connection) -> str | None:
    """Return the revision of a database; None for one without tables.

    Raises
    ------
    Unavailable
        The tables are those of another program.
    """
    names = inspect(connection).get_table_names()
    if _VERSION_TABLE in names:
        found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
        # Only MLflow's own revision makes its tables worth a look. MariaDB refuses to describe a table while
        # another process changes it, as one does who brings an empty database up to date at this moment.
        if found is not None and not _OWN_REVISION.fullmatch(found) and is_official(connection):
            url = connection.engine.url.render_as_string(hide_password=True)
            raise Unavailable(
                f"it is a database of MLflow's (schema {found}), which Crateflow reads but never changes. "
                f"Give the URI of a new one, and fill it with `crateflow import mlflow {url} --to <URI>`."
            )
        return found
    if names:
        raise Unavailable(
            f"it holds tables that are not Crateflow's ({', '.join(sorted(names)[:5])}). Give the path of "
            "a new or of a Crateflow database."
        )
    return None


def is_official(connection: Connection) -> bool:
    """Return whether a database is one that official MLflow made."""
    inspector = inspect(connection)
    return inspector.has_table("runs") and any(
        column["name"] == "run_uuid" for column in inspector.get_columns("runs")
    )


def is_current(connection: Connection) -> bool:
    """Return whether a database has the newest revision."""
    return revision(connection) == HEAD


@contextmanager
def only_one(connection: Connection) -> Iterator[None]:
    """Hold the right to change the schema; others wait for it.

    Parameters
    ----------
    connection : Connection
        Another one than the one that makes the changes. SQLite needs no more than that one's transaction.

    Raises
    ------
    Unavailable
        Another process does not finish.
    """
    # A transaction left open on this connection would itself hold back a migration.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _POSTGRESQL_LOCK})
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": _POSTGRESQL_LOCK})
    elif connection.dialect.name == "mysql":
        if not connection.execute(text(f"SELECT GET_LOCK({_MYSQL_LOCK}, {_LOCK_TIMEOUT_S})")).scalar():
            raise Unavailable("another process is upgrading its schema and does not finish; try again")
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text(f"SELECT RELEASE_LOCK({_MYSQL_LOCK})"))
    else:
        yield


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest revision, in the transaction of the connection.

    Raises
    ------
    Unavailable
        The database has a revision that this release does not know.
    """
    # It takes longer to load than to open a database, and most databases are up to date.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    alembic = Config()
    alembic.set_main_option("script_location", _MIGRATIONS)
    alembic.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(alembic).walk_revisions()}
    found = revision(connection)
    if found is not None and found not in known:
        raise Unavailable(
            f"its schema has revision {found}, this release of Crateflow knows revisions up to {HEAD}. It "
            "was written by a newer release or another program: upgrade with "
            "`pip install --upgrade crateflow`, or give another database."
        )
    command.upgrade(alembic, HEAD)
