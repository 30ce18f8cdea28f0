"""Sizes and counts that requests must keep, as in MLflow's tracking and registry protocols."""

from __future__ import annotations

from pycore.errors import InvalidInput

KEY_LENGTH = 250
PARAM_VALUE_LENGTH = 6000
RUN_TAG_VALUE_LENGTH = 8000
EXPERIMENT_TAG_VALUE_LENGTH = 20_000
REGISTRY_TAG_VALUE_LENGTH = 100_000
EXPERIMENT_NAME_LENGTH = 500
ARTIFACT_LOCATION_LENGTH = 2048
MODEL_NAME_LENGTH = 256
DATASET_NAME_LENGTH = 500
DATASET_DIGEST_LENGTH = 36
DATASET_SOURCE_LENGTH = 65_535
DATASET_SCHEMA_LENGTH = 1_048_575
DATASET_PROFILE_LENGTH = 16_777_215
INPUT_TAG_KEY_LENGTH = 255
INPUT_TAG_VALUE_LENGTH = 500
ALIAS_LENGTH = 255

BATCH_METRICS = 1000
BATCH_PARAMS = 100
BATCH_TAGS = 100
BATCH_ITEMS = 1000
SEARCHED_EXPERIMENTS = 20
INTERVAL_RUNS = 100
INTERVAL_POINTS = 2500

EXPERIMENTS_PAGE = 50_000
RUNS_PAGE = 50_000
REGISTERED_MODELS_PAGE = 1000
MODEL_VERSIONS_PAGE = 200_000
LOGGED_MODELS_PAGE = 50_000

INT64 = range(-(2**63), 2**63)


def check_max_results(max_results: int, limit: int | None = None) -> None:
    """Refuse a page size below 1 or above the limit."""
    whole = isinstance(max_results, int) and not isinstance(max_results, bool)
    if not whole or max_results < 1 or (limit is not None and max_results > limit):
        wanted = "a whole number above 0" if limit is None else f"a whole number from 1 to {limit}"
        raise InvalidInput(f"Invalid value {max_results!r} for parameter 'max_results': expected {wanted}.")


def check_int64(value: object, what: str) -> None:
    """Refuse what is no whole number of 64 bits."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in INT64:
        raise InvalidInput(f"Invalid value {value!r} for {what}: expected a whole number of 64 bits.")


def check_length(text: str, limit: int, what: str) -> None:
    """Refuse a text that is longer than the limit."""
    if len(text) > limit:
        raise InvalidInput(
            f"{what} {text[:50]!r}... has {len(text)} characters and exceeds the maximum length of {limit}."
        )
