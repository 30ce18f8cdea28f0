"""The facts about a saved model that `log_model` hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pycore.models.signature import ModelSignature


@dataclass(frozen=True)
class ModelInfo:
    """A model, its place and what its MLmodel file says; see `pycore.models.spec.Model`."""

    artifact_path: str | None
    flavors: dict[str, dict[str, Any]]
    model_uri: str
    model_uuid: str | None
    run_id: str | None
    signature: ModelSignature | None = None
    saved_input_example_info: dict[str, Any] | None = None
    utc_time_created: str | None = None
    mlflow_version: str | None = None
    metadata: dict[str, Any] | None = None
    name: str | None = None
    registered_model_version: str | None = None
