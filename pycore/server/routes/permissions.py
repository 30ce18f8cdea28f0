"""What users may do with experiments and registered models, over REST.

Older clients ask for either kind at addresses of its own, newer ones for any kind below
``users/permissions``.

References
----------
MLflow Authentication REST API.
"""

from __future__ import annotations

from collections.abc import Callable

from pycore.entities import Permission, Resource, ResourceKind
from pycore.protocols import Api
from pycore.server.routes.users import grants_of
from pycore.wire import users as wire
from pycore.wire.encoding import JsonObject
from pycore.wire.request import Arguments


def create_on_experiment(api: Api, arguments: Arguments) -> JsonObject:
    """Grant a user something on an experiment."""
    return {"experiment_permission": _create(api, arguments, _experiment)}


def get_on_experiment(api: Api, arguments: Arguments) -> JsonObject:
    """Return what a user was granted on an experiment."""
    return {"experiment_permission": _get(api, arguments, _experiment)}


def update_on_experiment(api: Api, arguments: Arguments) -> JsonObject:
    """Replace what a user was granted on an experiment."""
    return _update(api, arguments, _experiment)


def delete_on_experiment(api: Api, arguments: Arguments) -> JsonObject:
    """Take back what a user was granted on an experiment."""
    return _delete(api, arguments, _experiment)


def create_on_model(api: Api, arguments: Arguments) -> JsonObject:
    """Grant a user something on a registered model."""
    return {"registered_model_permission": _create(api, arguments, _registered_model)}


def get_on_model(api: Api, arguments: Arguments) -> JsonObject:
    """Return what a user was granted on a registered model."""
    return {"registered_model_permission": _get(api, arguments, _registered_model)}


def update_on_model(api: Api, arguments: Arguments) -> JsonObject:
    """Replace what a user was granted on a registered model."""
    return _update(api, arguments, _registered_model)


def delete_on_model(api: Api, arguments: Arguments) -> JsonObject:
    """Take back what a user was granted on a registered model."""
    return _delete(api, arguments, _registered_model)


def grant(api: Api, arguments: Arguments) -> JsonObject:
    """Grant a user something on a thing of any kind."""
    _create(api, arguments, wire.resource_from_arguments)
    return {}


def effective(api: Api, arguments: Arguments) -> JsonObject:
    """Return what a user may do with a thing, and whether that is more than to read it."""
    grants, resource = grants_of(api), wire.resource_from_arguments(arguments)
    permission = grants.effective(resource, arguments.text("username"))
    return {"permission": permission.name, "allowed": permission > Permission.READ}


def revoke(api: Api, arguments: Arguments) -> JsonObject:
    """Take back what a user was granted on a thing of any kind."""
    return _delete(api, arguments, wire.resource_from_arguments)


_ResourceOf = Callable[[Arguments], Resource]


def _experiment(arguments: Arguments) -> Resource:
    return Resource(ResourceKind.EXPERIMENT, arguments.identifier("experiment_id"))


def _registered_model(arguments: Arguments) -> Resource:
    return Resource(ResourceKind.REGISTERED_MODEL, arguments.text("name"))


def _create(api: Api, arguments: Arguments, resource_of: _ResourceOf) -> JsonObject:
    grants, resource, username = grants_of(api), resource_of(arguments), arguments.text("username")
    return wire.grant_to_json(grants.create(resource, username, wire.permission_from_arguments(arguments)))


def _get(api: Api, arguments: Arguments, resource_of: _ResourceOf) -> JsonObject:
    return wire.grant_to_json(grants_of(api).get(resource_of(arguments), arguments.text("username")))


def _update(api: Api, arguments: Arguments, resource_of: _ResourceOf) -> JsonObject:
    grants, resource, username = grants_of(api), resource_of(arguments), arguments.text("username")
    grants.update(resource, username, wire.permission_from_arguments(arguments))
    return {}


def _delete(api: Api, arguments: Arguments, resource_of: _ResourceOf) -> JsonObject:
    grants_of(api).delete(resource_of(arguments), arguments.text("username"))
    return {}
