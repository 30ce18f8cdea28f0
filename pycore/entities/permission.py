"""What a user may do with an experiment or a registered model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from pycore.entities.entity import Entity


class Permission(IntEnum):
    """Each includes those of lower numbers; the numbers stand in databases."""

    NO_PERMISSIONS = 0
    READ = 1
    #: To change and add: runs of an experiment, versions of a model.
    EDIT = 2
    #: To delete besides, and to say what others may.
    MANAGE = 3


class ResourceKind(Enum):
    """What permissions are about; the values are the wire protocol's."""

    EXPERIMENT = "experiment"
    REGISTERED_MODEL = "registered_model"


@dataclass(frozen=True)
class Resource(Entity):
    """One thing that permissions are about.

    Attributes
    ----------
    kind : ResourceKind
    key : str
        Id of the experiment, name of the registered model.
    """

    kind: ResourceKind
    key: str


@dataclass(frozen=True)
class Grant(Entity):
    """What one user may do with one thing, whatever holds for users in general."""

    resource: Resource
    user_id: int
    permission: Permission
