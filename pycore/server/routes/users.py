"""Users over REST, where the server knows them.

References
----------
MLflow Authentication REST API.
"""

from __future__ import annotations

from pycore.errors import MlflowException
from pycore.protocols import Api, Grants, Users
from pycore.wire import users as wire
from pycore.wire.encoding import JsonObject
from pycore.wire.errors import ENDPOINT_NOT_FOUND
from pycore.wire.request import Arguments


def create(api: Api, arguments: Arguments) -> JsonObject:
    """Add a user."""
    user = users_of(api).create(arguments.text("username"), arguments.text("password"))
    return {"user": wire.to_json(user)}


def get(api: Api, arguments: Arguments) -> JsonObject:
    """Return a user with what was granted."""
    user = users_of(api).get(arguments.text("username"))
    return {"user": wire.to_json(user, grants_of(api).of_user(user.username))}


def list_users(api: Api, arguments: Arguments) -> JsonObject:
    """Return all users."""
    return {"users": [wire.to_json(user) for user in users_of(api).list()]}


def update_password(api: Api, arguments: Arguments) -> JsonObject:
    """Give a user another password; the current one is compared where it is given."""
    users, username = users_of(api), arguments.text("username")
    if current := arguments.text("current_password", None):
        users.check_password(username, current)
    users.set_password(username, arguments.text("password"))
    return {}


def update_admin(api: Api, arguments: Arguments) -> JsonObject:
    """Make a user an administrator, or no longer."""
    users_of(api).set_admin(arguments.text("username"), arguments.truth("is_admin"))
    return {}


def delete(api: Api, arguments: Arguments) -> JsonObject:
    """Remove a user and all that was granted."""
    users_of(api).delete(arguments.text("username"))
    return {}


def users_of(api: Api) -> Users:
    """Return the users of a server that knows them."""
    if api.users is None:
        raise _without_users()
    return api.users


def grants_of(api: Api) -> Grants:
    """Return what users were granted on a server that knows them."""
    if api.grants is None:
        raise _without_users()
    return api.grants


def _without_users() -> MlflowException:
    return MlflowException(
        "This server knows no users: start it with --app-name basic-auth.", ENDPOINT_NOT_FOUND
    )
