"""Makes the per-noun objects over a database."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from pycore.entities import Actor
from pycore.protocols import Api, ArtifactStores
from pycore.services import locations
from pycore.services.datasets import DatasetService
from pycore.services.experiments import ExperimentService
from pycore.services.logged_models import LoggedModelService
from pycore.services.metrics import MetricService
from pycore.services.model_sources import SourceRules
from pycore.services.model_versions import ModelVersionService
from pycore.services.registered_models import RegisteredModelService
from pycore.services.runs import RunService
from pycore.store import Database


def now_ms() -> int:
    """Return the milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def new_run_id() -> str:
    """Return 32 hexadecimal digits that nobody else has."""
    return uuid.uuid4().hex


@dataclass(frozen=True, kw_only=True)
class Services(Api):
    """A platform that lives in this process.

    Attributes
    ----------
    tracking, registry : Database
        Where runs and where registered models are kept; often the same.
    """

    experiments: ExperimentService
    registered_models: RegisteredModelService
    model_versions: ModelVersionService
    tracking: Database
    registry: Database

    def acting_for(self, actor: Actor) -> Services:
        """Return the same platform for an actor, who manages what is created and finds what it may read."""
        return replace(
            self,
            experiments=self.experiments.acting_for(actor),
            registered_models=self.registered_models.acting_for(actor),
            model_versions=self.model_versions.acting_for(actor),
        )


def build_api(
    database: Database,
    artifact_stores: ArtifactStores,
    artifact_root: str,
    *,
    registry: Database | None = None,
    clock: Callable[[], int] = now_ms,
    new_id: Callable[[], str] = new_run_id,
) -> Services:
    """Return a platform that lives in this process; makes the experiment Default in a new database.

    Parameters
    ----------
    database : Database
        Opened with `Database.open`.
    artifact_stores : ArtifactStores
    artifact_root : str
        URI or path below which experiments keep their artifacts, unless they say where.
    registry : Database, optional
        Keeps the registered models; `database` does without it.
    clock : callable
        Milliseconds since 1970 UTC.
    new_id : callable
        Ids for runs and logged models.
    """
    locations.check_artifact_location(artifact_root)
    root = locations.absolute(artifact_root)
    experiments = ExperimentService(database, root, clock)
    experiments.ensure_default()
    models = registry or database
    sources = SourceRules(root, tracking=None if registry is None else database)
    return Services(
        experiments=experiments,
        runs=RunService(database, clock, new_id),
        metrics=MetricService(database),
        datasets=DatasetService(database),
        logged_models=LoggedModelService(database, clock, new_id),
        registered_models=RegisteredModelService(models, clock),
        model_versions=ModelVersionService(models, sources, clock),
        artifacts=artifact_stores,
        tracking=database,
        registry=models,
    )
