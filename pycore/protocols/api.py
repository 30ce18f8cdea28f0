"""The per-noun objects together: what `pycore.connect` returns."""

from __future__ import annotations

from dataclasses import dataclass

from pycore.protocols.artifacts import ArtifactStores
from pycore.protocols.datasets import Datasets
from pycore.protocols.experiments import Experiments
from pycore.protocols.grants import Grants
from pycore.protocols.logged_models import LoggedModels
from pycore.protocols.metrics import Metrics
from pycore.protocols.model_versions import ModelVersions
from pycore.protocols.registered_models import RegisteredModels
from pycore.protocols.runs import Runs
from pycore.protocols.users import Users


@dataclass(frozen=True)
class Api:
    """One platform, reached in process or over HTTP: `api.runs.get(run_id)` reads alike in both.

    `users` and `grants` are there where a server asks who calls.
    """

    experiments: Experiments
    runs: Runs
    metrics: Metrics
    datasets: Datasets
    logged_models: LoggedModels
    registered_models: RegisteredModels
    model_versions: ModelVersions
    artifacts: ArtifactStores
    users: Users | None = None
    grants: Grants | None = None
