"""Models that clients from MLflow 3 on log: things of their own beside the run that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from pycore.entities.entity import Entity
from pycore.entities.metric import Metric


class LoggedModelStatus(IntEnum):
    """Whether the files of a logged model are complete; the numbers are the wire protocol's."""

    PENDING = 1
    READY = 2
    UPLOAD_FAILED = 3


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
