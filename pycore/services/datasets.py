"""The rules of datasets and models that runs name as what they used and made."""

from __future__ import annotations

from collections.abc import Sequence

from pycore import store
from pycore.entities import DatasetInput, DatasetSummary
from pycore.entities.experiment import experiment_number
from pycore.errors import InvalidInput
from pycore.services import limits
from pycore.store import run_inputs as rows


class DatasetService:
    """Datasets in a database; see `pycore.protocols.Datasets`."""

    def __init__(self, database: store.Database) -> None:
        self._database = database

    def search(self, experiment_ids: Sequence[str]) -> list[DatasetSummary]:
        """Return the datasets that runs of some experiments used."""
        if not 0 < len(experiment_ids) <= limits.SEARCHED_EXPERIMENTS:
            raise InvalidInput(
                f"Expected 1 to {limits.SEARCHED_EXPERIMENTS} experiment ids, got {len(experiment_ids)}."
            )
        numbers = sorted({n for n in map(experiment_number, experiment_ids) if n is not None})
        if not numbers:
            return []
        with self._database.reading() as connection:
            return rows.get_dataset_summaries(connection, numbers)


def check_dataset_input(given: DatasetInput) -> None:
    """Refuse a dataset that cannot be told from others, or that is described at too great length."""
    dataset = given.dataset
    for name in ("name", "digest"):
        if not getattr(dataset, name):
            raise InvalidInput(
                f"Missing value for required parameter '{name}': a dataset has a name and a digest, which "
                "tells its versions apart."
            )
    for text, limit, what in (
        (dataset.name, limits.DATASET_NAME_LENGTH, "The name of the dataset"),
        (dataset.digest, limits.DATASET_DIGEST_LENGTH, "The digest of the dataset"),
        (dataset.source_type, limits.DATASET_SOURCE_LENGTH, "The source type of the dataset"),
        (dataset.source, limits.DATASET_SOURCE_LENGTH, "The source of the dataset"),
        (dataset.schema or "", limits.DATASET_SCHEMA_LENGTH, "The schema of the dataset"),
        (dataset.profile or "", limits.DATASET_PROFILE_LENGTH, "The profile of the dataset"),
        *((tag.key, limits.INPUT_TAG_KEY_LENGTH, "The key of a dataset's tag") for tag in given.tags),
        *((tag.value, limits.INPUT_TAG_VALUE_LENGTH, "The value of a dataset's tag") for tag in given.tags),
    ):
        limits.check_length(text, limit, what)


def check_model_id(model_id: str) -> None:
    """Refuse what cannot be the id of a logged model that a run names; it need not exist."""
    if not isinstance(model_id, str) or not model_id:
        raise InvalidInput("Missing value for required parameter 'model_id': a logged model has an id.")
    limits.check_length(model_id, limits.KEY_LENGTH, "The model id")
