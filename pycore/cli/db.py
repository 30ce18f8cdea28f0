"""``crateflow db``: the schema of the database."""

from __future__ import annotations

import click

from pycore.cli.backend_store import existing_database_url


@click.group("db")
def db() -> None:
    """Upgrade and check the database of a tracking server."""


@db.command("upgrade")
@click.argument("url", callback=existing_database_url)
def upgrade(url: str) -> None:
    """Bring the database at URL to the newest schema. Take a backup first."""
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.store.database import Database
    from pycore.store.schema import HEAD

    with Database.open(url) as database:
        shown = database.url.render_as_string(hide_password=True)
    click.echo(f"{shown} has schema revision {HEAD}, the newest.")


@db.command("check")
@click.argument("url", callback=existing_database_url)
def check(url: str) -> None:
    """Say which schema the database at URL has, and exit with 1 unless it is the newest."""
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.errors import Conflict, NotFound
    from pycore.store.database import Database
    from pycore.store.schema import HEAD

    with Database(url) as database:
        found = database.revision()
        shown = database.url.render_as_string(hide_password=True)
    if found is None:
        raise NotFound(f"{shown} holds no database yet: `crateflow db upgrade` or a first start makes it.")
    if found != HEAD:
        raise Conflict(
            f"The database has schema revision {found}, this release needs {HEAD}: "
            f"run `crateflow db upgrade`, or upgrade Crateflow when the database is the newer one."
        )
    click.echo(f"The database has schema revision {HEAD}, the newest.")
