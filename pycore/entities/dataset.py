"""Datasets that runs read."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True)
class Dataset(Entity):
    """What is known of a dataset; the data itself stays where it is.

    Attributes
    ----------
    name, digest : str
        Together unique in an experiment.
    source_type : str
        Such as "local", "http" or "code".
    source, schema, profile : str
        JSON, as the client wrote it.
    """

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class InputTag(Entity):
    """A text under a key of a run's use of a dataset."""

    key: str
    value: str


@dataclass(frozen=True)
class DatasetInput(Entity):
    """A dataset as a run used it; the tag ``mlflow.data.context`` says for what."""

    dataset: Dataset
    tags: tuple[InputTag, ...] = ()


@dataclass(frozen=True)
class DatasetSummary(Entity):
    """A dataset that runs of an experiment used in one context, None where the run did not say."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None
