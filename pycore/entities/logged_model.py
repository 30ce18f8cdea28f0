"""Models that clients from MLflow 3 on log: things of their own beside the run that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from pycore.entities.entity import Entity
from pycore.entities.metric import Metric


class LoggedModelStatus(str, Enum):
    """Whether the files of a logged model are complete; equal to its own name, as MLflow's is."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    # Its name in the wire protocol.
    UPLOAD_FAILED = FAILED

    def __str__(self) -> str:
        return self.value

    @property
    def protocol_name(self) -> str:
        """Its name in the wire protocol, without the prefix there, and in databases."""
        return "UPLOAD_FAILED" if self is LoggedModelStatus.FAILED else self.value

    def to_int(self) -> int:
        """Return its number in the wire protocol and in MLflow's databases."""
        return list(LoggedModelStatus).index(self) + 1

    @classmethod
    def from_int(cls, number: int) -> LoggedModelStatus:
        """Return the status of a number; ValueError when there is none."""
        for status in cls:
            if status.to_int() == number:
                return status
        raise ValueError(f"{number!r} is not the number of a {cls.__name__}; those are 1 to {len(cls)}.")

    def to_proto(self) -> int:
        """Return its number in the wire protocol."""
        return self.to_int()

    @classmethod
    def from_proto(cls, number: int) -> LoggedModelStatus:
        """Return the status of a number in the wire protocol."""
        return cls.from_int(number)

    @staticmethod
    def is_finalized(status: str) -> bool:
        """Return whether it is settled if the files have arrived."""
        return LoggedModelStatus(status) is not LoggedModelStatus.PENDING


@dataclass(frozen=True)
class LoggedModelTag(Entity):
    """A text under a key of a logged model; setting it again replaces it."""

    key: str
    value: str


@dataclass(frozen=True)
class LoggedModelParameter(Entity):
    """A parameter of a logged model, written once."""

    key: str
    value: str


@dataclass(frozen=True)
class LoggedModel(Entity):
    """A logged model.

    Attributes
    ----------
    model_id : str
        ``m-`` and 32 hexadecimal digits.
    artifact_location : str
        Root of the model's files, fixed when it is created.
    creation_timestamp, last_updated_timestamp : int
        Milliseconds since 1970 UTC.
    source_run_id, model_type : str
        Empty when unknown.
    metrics : tuple of Metric
        Every point, with the run that logged it.
    """

    model_id: str
    experiment_id: str
    name: str
    artifact_location: str
    creation_timestamp: int
    last_updated_timestamp: int
    status: LoggedModelStatus = LoggedModelStatus.PENDING
    model_type: str = ""
    source_run_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()

    @property
    def model_uri(self) -> str:
        """What `load_model` takes."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True)
class DatasetFilter(Entity):
    """The dataset that a metric of a logged model was measured on; any digest when None."""

    dataset_name: str
    dataset_digest: str | None = None


@dataclass(frozen=True)
class LoggedModelOrder(Entity):
    """One field of the order of logged models; a metric may be that on one dataset."""

    field_name: str
    ascending: bool = True
    dataset: DatasetFilter | None = None
