"""A version of a registered model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pycore.entities.entity import Entity
from pycore.errors import InvalidInput


class VersionNumber(str):
    """The number of a version: a str on the wire, equal to the int as well.

    MLflow gives str over REST and int from a database; scripts compare with either.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int) and not isinstance(other, bool):
            return int(self) == other
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class Stage:
    """The four stages of a version, in their stored spelling."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"
    ALL: ClassVar[tuple[str, ...]] = (NONE, STAGING, PRODUCTION, ARCHIVED)
    #: A version in one of these is in use: it cannot be deleted, and archiving others concerns these only.
    IN_USE: ClassVar[tuple[str, ...]] = (STAGING, PRODUCTION)

    @classmethod
    def parse(cls, text: str) -> str:
        """Return the stored spelling of a stage given in any case.

        Raises
        ------
        InvalidInput
            The text names no stage.
        """
        for stage in cls.ALL:
            if text.lower() == stage.lower():
                return stage
        known = ", ".join(cls.ALL)
        raise InvalidInput(f"Invalid Model Version stage: {text!r}. Value must be one of {known}.")


@dataclass(frozen=True)
class ModelVersionTag(Entity):
    """A text under a key of a model version."""

    key: str
    value: str


@dataclass(frozen=True)
class ModelVersion(Entity):
    """A version of a registered model.

    Attributes
    ----------
    name : str
        Of the registered model.
    version : VersionNumber
        Counted from 1; never reused.
    source : str
        URI the version was made from, as given.
    current_stage : str
        One of `Stage.ALL`.
    status : str
        "READY"; the other states of the protocol do not occur here.
    creation_timestamp, last_updated_timestamp : int
        Milliseconds since 1970 UTC.
    model_id : str
        Of the logged model it was made from; empty for none.
    tags : dict of str to str
    aliases : tuple of str
        In alphabetical order.
    """

    name: str
    version: VersionNumber
    source: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str = Stage.NONE
    description: str | None = None
    run_id: str = ""
    run_link: str = ""
    status: str = "READY"
    status_message: str = ""
    user_id: str = ""
    model_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
