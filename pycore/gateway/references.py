"""From what an address says, a version, stage, alias or "latest", to the version it means now."""

from __future__ import annotations

from pycore.entities import ModelVersion
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import Api

#: The ways to say which version of a model is meant.
FORMS = "a version number, a stage (Production), an alias (@champion) or latest"


def find_version(registry: Api, name: str, reference: str) -> ModelVersion:
    """Return the version that a reference means now.

    Raises
    ------
    NotFound
        There is no such model, version, stage or alias, or the stage has no version.
    """
    try:
        return _find(registry, name, reference)
    except InvalidInput as error:
        raise NotFound(f"{error.message.rstrip('.')}. Expected {FORMS}.") from error


def _find(registry: Api, name: str, reference: str) -> ModelVersion:
    if reference.startswith("@"):
        return registry.model_versions.get_by_alias(name, reference[1:])
    if reference.isascii() and reference.isdecimal():
        return registry.model_versions.get(name, reference)
    stages = () if reference.lower() == "latest" else (reference,)
    versions = registry.registered_models.get_latest_versions(name, stages)
    if not versions:
        where = f"in stage {reference!r}" if stages else "at all"
        raise NotFound(f"The registered model {name!r} has no version {where}. Expected {FORMS}.")
    return max(versions, key=lambda version: int(version.version))
