"""``crateflow tokens``: what programs reach a server with, in its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from pycore.cli import table
from pycore.cli.durations import milliseconds
from pycore.cli.json_output import AS_JSON, print_json
from pycore.cli.users import backend_store
from pycore.entities import Token, TokenScope

if TYPE_CHECKING:
    from pycore.auth.tokens import TokenService


@click.group("tokens")
def tokens() -> None:
    """Manage the bearer tokens of users, in a server's database.

    A program that has one acts for the user: MLFLOW_TRACKING_TOKEN holds it.
    """


@tokens.command("create")
@click.argument("username")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in TokenScope]),
    default=TokenScope.ALL.value,
    show_default=True,
    help="What it opens of all that the user may do: everything, reading and scoring, or scoring alone.",
)
@click.option(
    "--expires-in",
    "lifetime_ms",
    callback=milliseconds,
    metavar="TIME",
    help="How long it is good for, such as 90d or 12h.  [default: until it is revoked]",
)
@backend_store
def create(username: str, name: str, scope: str, lifetime_ms: int | None, backend_store_uri: str) -> None:
    """Make a token of a user, and print it: it cannot be shown again."""
    with _opened(backend_store_uri) as service:
        _, text = service.create(username, name, TokenScope(scope), lifetime_ms)
    click.echo(text)


@tokens.command("list")
@click.argument("username", required=False)
@AS_JSON
@backend_store
def list_tokens(username: str | None, as_json: bool, backend_store_uri: str) -> None:
    """List the tokens of a user, or of all; not the texts of them, which nobody knows."""
    with _opened(backend_store_uri) as service:
        found = service.list(username)
    if as_json:
        print_json([{**dict(token), "scope": token.scope.value} for token in found])
        return
    headers = ("User", "Name", "Scope", "Created", "Expires", "Last used")
    click.echo(table.render(headers, [_row(token) for token in found]))


@tokens.command("revoke")
@click.argument("username")
@click.argument("name")
@backend_store
def revoke(username: str, name: str, backend_store_uri: str) -> None:
    """Make a token good for nothing, at once."""
    with _opened(backend_store_uri) as service:
        service.revoke(username, name)
    click.echo(f"Revoked the token {name!r} of {username!r}.")


@contextmanager
def _opened(uri: str) -> Iterator[TokenService]:
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.auth.tokens import TokenService
    from pycore.services.build import now_ms
    from pycore.store.database import Database

    with Database.open(uri, must_exist=True) as database:
        yield TokenService(database, now_ms)


def _row(token: Token) -> tuple[str, ...]:
    times = (token.creation_time, token.expiry_time, token.last_used_time)
    return token.username, token.name, token.scope.value, *map(_utc, times)


def _utc(time_ms: int | None) -> str:
    if time_ms is None:
        return "never"
    return datetime.fromtimestamp(time_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
