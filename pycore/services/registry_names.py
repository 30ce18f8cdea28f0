"""From the names of a request to rows of the registry, for both of its nouns."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from pycore.entities import ModelVersionTag, RegisteredModelTag
from pycore.errors import InvalidInput, NotFound
from pycore.services import keys, limits
from pycore.store import model_versions as version_rows
from pycore.store import registered_models as rows

#: Not an alias that can be set: it always means the highest version.
LATEST = "latest"

_VERSION = re.compile(r"-?[0-9]+")


def existing_model(connection: Connection, name: str) -> int:
    """Return the row number of a registered model, or raise NotFound."""
    return _found(rows.get_registered_model_pk(connection, name), name)


def lock_model(connection: Connection, name: str) -> int:
    """Return the row number of a registered model for a change of it, or raise NotFound."""
    keys.check_model_name(name)
    return _found(rows.lock_registered_model(connection, name), name)


def version_number(name: str, version: str) -> int:
    """Return the number that a version given as text is.

    Raises
    ------
    InvalidInput
        It is no whole number.
    NotFound
        No version can have it.
    """
    text = str(version)
    if not _VERSION.fullmatch(text):
        raise InvalidInput(f"Invalid model version {text!r}: expected a whole number.")
    if text.startswith("-") or len(text) > 18:
        raise unknown_version(name, text)
    return int(text)


def lock_version(connection: Connection, name: str, version: str) -> tuple[int, int]:
    """Return the model's row number and the version's number for a change of it, or raise NotFound."""
    pk = lock_model(connection, name)
    number = version_number(name, version)
    if not version_rows.version_exists(connection, pk, number):
        raise unknown_version(name, number)
    return pk, number


def number_of_alias(connection: Connection, name: str, alias: str) -> int:
    """Return the number of the version an alias points at."""
    pk = existing_model(connection, name)
    if alias.lower() == LATEST:
        highest = version_rows.get_highest_version(connection, pk)
        if highest is None:
            raise NotFound(f"The registered model {name!r} has no versions: register one first.")
        return highest
    number = rows.get_alias(connection, pk, alias)
    if number is None:
        raise InvalidInput(f"Registered model alias {alias} not found for the registered model {name!r}.")
    return number


def unknown_version(name: str, version: object) -> NotFound:
    """Return the error for a version that does not exist."""
    return NotFound(f"Model Version (name={name}, version={version}) not found.")


def check_registry_tag(tag: RegisteredModelTag | ModelVersionTag) -> None:
    """Refuse an illegal tag of a registered model or version."""
    keys.check_key(tag.key, "tag")
    keys.check_value(tag.value, "tag")
    limits.check_length(tag.value, limits.REGISTRY_TAG_VALUE_LENGTH, f"The value of the tag {tag.key!r},")


def _found(pk: int | None, name: str) -> int:
    if pk is None:
        raise NotFound(f"Registered Model with name={name} not found.")
    return pk
