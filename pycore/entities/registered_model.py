"""A registered model: a name under which versions are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from pycore.entities.entity import Entity
from pycore.entities.model_version import ModelVersion, VersionNumber


@dataclass(frozen=True)
class RegisteredModelTag(Entity):
    """A text under a key of a registered model."""

    key: str
    value: str


@dataclass(frozen=True)
class RegisteredModel(Entity):
    """A name under which versions are kept.

    Attributes
    ----------
    name : str
        Unique; without ``/`` and ``:``.
    latest_versions : tuple of ModelVersion
        The highest version in each stage that has one.
    aliases : dict of str to VersionNumber
    tags : dict of str to str
    creation_timestamp, last_updated_timestamp : int
        Milliseconds since 1970 UTC.
    """

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None = None
    latest_versions: tuple[ModelVersion, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, VersionNumber] = field(default_factory=dict)
