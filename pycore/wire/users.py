"""Users and what they may do, as JSON, and back.

References
----------
MLflow Authentication REST API: a permission travels by name; newer clients say DENY for NO_PERMISSIONS.
"""

from __future__ import annotations

from collections.abc import Sequence

from pycore.entities import Grant, Permission, Resource, ResourceKind, User
from pycore.errors import InvalidInput
from pycore.wire.encoding import JsonObject
from pycore.wire.request import Arguments

_DENY = "DENY"


def to_json(user: User, grants: Sequence[Grant] = ()) -> JsonObject:
    """Return a user with what was granted."""
    return {
        "id": user.user_id,
        "username": user.username,
        "is_admin": user.is_admin,
        "experiment_permissions": _of_kind(grants, ResourceKind.EXPERIMENT),
        "registered_model_permissions": _of_kind(grants, ResourceKind.REGISTERED_MODEL),
    }


def grant_to_json(grant: Grant) -> JsonObject:
    """Return what a user was granted on a thing."""
    return {
        _KEYS[grant.resource.kind]: grant.resource.key,
        "user_id": grant.user_id,
        "permission": grant.permission.name,
    }


def permission_from_arguments(arguments: Arguments) -> Permission:
    """Return the permission of a request."""
    name = arguments.text("permission")
    if name == _DENY:
        return Permission.NO_PERMISSIONS
    try:
        return Permission[name]
    except KeyError:
        raise InvalidInput(
            f"Invalid permission {name!r}: expected one of {', '.join(Permission.__members__)}."
        ) from None


def resource_from_arguments(arguments: Arguments) -> Resource:
    """Return what a request is about, given by kind and by id or name."""
    name = arguments.text("resource_type")
    try:
        return Resource(ResourceKind(name), arguments.identifier("resource_id"))
    except ValueError:
        kinds = ", ".join(kind.value for kind in ResourceKind)
        raise InvalidInput(f"Invalid resource type {name!r}: expected one of {kinds}.") from None


#: The field that names a thing of each kind.
_KEYS = {ResourceKind.EXPERIMENT: "experiment_id", ResourceKind.REGISTERED_MODEL: "name"}


def _of_kind(grants: Sequence[Grant], kind: ResourceKind) -> list[JsonObject]:
    return [grant_to_json(grant) for grant in grants if grant.resource.kind is kind]
