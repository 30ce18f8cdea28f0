"""All nouns of one server."""

from __future__ import annotations

from pycore.client.artifacts import ClientArtifactStores
from pycore.client.datasets import Datasets
from pycore.client.experiments import Experiments
from pycore.client.logged_models import LoggedModels
from pycore.client.metrics import Metrics
from pycore.client.model_versions import ModelVersions
from pycore.client.registered_models import RegisteredModels
from pycore.client.runs import Runs
from pycore.client.transport import Transport
from pycore.protocols import Api


def build_api(server_uri: str) -> Api:
    """Return the platform at an ``http://`` or ``https://`` address; nothing is asked of it yet."""
    transport = Transport(server_uri)
    return Api(
        experiments=Experiments(transport),
        runs=Runs(transport),
        metrics=Metrics(transport),
        datasets=Datasets(transport),
        logged_models=LoggedModels(transport),
        registered_models=RegisteredModels(transport),
        model_versions=ModelVersions(transport),
        artifacts=ClientArtifactStores(transport),
    )
