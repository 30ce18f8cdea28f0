"""``crateflow users``: who may reach a server, in its database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pycore.cli import table
from pycore.cli.backend_store import existing_database_url
from pycore.cli.json_output import AS_JSON, print_json

if TYPE_CHECKING:
    from pycore.auth.users import UserService

_ENDS = "\r\n"


def backend_store(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that names the database of a server."""
    return click.option(
        "--backend-store-uri",
        envvar="MLFLOW_BACKEND_STORE_URI",
        show_envvar=True,
        default="sqlite:///mlflow.db",
        show_default=True,
        callback=existing_database_url,
        help="Database of the server: an SQLAlchemy URL, or the folder that the server was given.",
    )(command)


_username = click.argument("username")
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the standard input, not from a prompt."
)


@click.group("users")
def users() -> None:
    """Manage the users of a server that asks who calls, in its database."""


@users.command("create")
@_username
@click.option("--admin", is_flag=True, help="Make an administrator.")
@_password_stdin
@backend_store
def create(username: str, admin: bool, password_stdin: bool, backend_store_uri: str) -> None:
    """Add a user, with a password that is asked for."""
    with _opened(backend_store_uri) as service:
        user = service.create(username, _password(password_stdin), admin)
    click.echo(f"Created {'the administrator' if user.is_admin else 'the user'} {username!r}.")


@users.command("list")
@AS_JSON
@backend_store
def list_users(as_json: bool, backend_store_uri: str) -> None:
    """List all users."""
    with _opened(backend_store_uri) as service:
        found = service.list()
    if as_json:
        print_json([{"id": u.user_id, "username": u.username, "is_admin": u.is_admin} for u in found])
        return
    rows = [(user.username, "yes" if user.is_admin else "") for user in found]
    click.echo(table.render(("User", "Administrator"), rows))


@users.command("set-password")
@_username
@_password_stdin
@backend_store
def set_password(username: str, password_stdin: bool, backend_store_uri: str) -> None:
    """Give a user another password, which is asked for."""
    with _opened(backend_store_uri) as service:
        service.get(username)  # asking for a password of nobody would be in vain
        service.set_password(username, _password(password_stdin))
    click.echo(f"{username!r} has another password now.")


@users.command("delete")
@_username
@backend_store
def delete(username: str, backend_store_uri: str) -> None:
    """Remove a user with all tokens and permissions; what the user logged stays."""
    with _opened(backend_store_uri) as service:
        service.delete(username)
    click.echo(f"Deleted the user {username!r}.")


@contextmanager
def _opened(uri: str) -> Iterator[UserService]:
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.auth.users import UserService
    from pycore.store.database import Database

    with Database.open(uri, must_exist=True) as database:
        yield UserService(database)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip(_ENDS)
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
