"""Options of a server that asks who calls, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from pycore import config
from pycore.entities import Permission, Stage

if TYPE_CHECKING:
    from pycore.server.guard import Guard
    from pycore.services.build import Services

BASIC_AUTH = "basic-auth"

_option = partial(click.option, show_envvar=True)


def _stages(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(Stage.parse(name.strip()) for name in (value or "").split(",") if name.strip())


_OPTIONS = (
    _option(
        "--app-name",
        envvar="MLFLOW_APP_NAME",
        type=click.Choice([BASIC_AUTH]),
        help="Ask who calls: for a user name and password, or a token of `crateflow tokens`.",
    ),
    _option(
        "--admin-username",
        envvar="MLFLOW_AUTH_ADMIN_USERNAME",
        default="admin",
        show_default=True,
        help=f"Administrator that the first start with users makes; {config.ADMIN_PASSWORD.name} has the "
        "password, otherwise a random one is shown once.",
    ),
    _option(
        "--default-permission",
        envvar="CRATEFLOW_DEFAULT_PERMISSION",
        type=click.Choice(list(Permission.__members__)),
        default=Permission.READ.name,
        show_default=True,
        help="What users may do with experiments and registered models on which they were granted nothing.",
    ),
    _option(
        "--managed-stages",
        envvar="CRATEFLOW_MANAGED_STAGES",
        callback=_stages,
        help="Stages, with commas between, into and out of which versions move by who has MANAGE on their "
        "registered model; EDIT suffices for others.",
    ),
)


def user_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def guard_by_users(
    services: Services, admin_username: str, default_permission: str, managed_stages: tuple[str, ...]
) -> Guard:
    """Return what lets users in; on the first start make an administrator, and say so."""
    # Needed by servers that know users alone.
    from pycore.app import make_guard
    from pycore.auth.options import AuthOptions
    from pycore.auth.users import UserService

    users = UserService(services.tracking, services.registry)
    password = users.ensure_administrator(admin_username, config.ADMIN_PASSWORD.get())
    if password is not None:
        click.echo(
            f"This server has an administrator now, {admin_username!r}, with the password {password}\n"
            f"It is not shown again; `crateflow users set-password {admin_username}` gives another one."
        )
    return make_guard(services, AuthOptions(Permission[default_permission], managed_stages))
