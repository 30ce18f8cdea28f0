"""Module-level functions that search the model registry; `register` writes to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pycore.entities import ModelVersion, RegisteredModel
from pycore.models.arguments import checked
from pycore.tracking import pages
from pycore.tracking.mlflow_client import MlflowClient

_MODELS_PAGE_SIZE = 100
_VERSIONS_PAGE_SIZE = 10_000


@checked
def search_registered_models(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Iterable[str] | str | None = None,
) -> list[RegisteredModel]:
    """Return all registered models that pass a filter, by name unless `order_by` says otherwise."""
    client = MlflowClient()
    return pages.collect(
        lambda size, token: client.search_registered_models(filter_string, size, order_by, token),
        _MODELS_PAGE_SIZE,
        max_results,
    )


@checked
def search_model_versions(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Iterable[str] | str | None = None,
) -> list[ModelVersion]:
    """Return all model versions that pass a filter, the last updated first without `order_by`."""
    client = MlflowClient()
    return pages.collect(
        lambda size, token: client.search_model_versions(filter_string, size, order_by, token),
        _VERSIONS_PAGE_SIZE,
        max_results,
    )


@checked
def set_model_version_tag(
    name: str, version: str | int | None = None, key: str | None = None, value: Any = None
) -> None:
    """Set or replace a tag of a model version."""
    MlflowClient().set_model_version_tag(name, version, key, value)
