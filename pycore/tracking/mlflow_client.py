"""`MlflowClient`: the flat class that scripts know."""

from __future__ import annotations

from pycore.tracking.client_artifacts import ClientArtifacts
from pycore.tracking.client_experiments import ClientExperiments
from pycore.tracking.client_logged_models import ClientLoggedModels
from pycore.tracking.client_registry import ClientRegistry
from pycore.tracking.client_runs import ClientRuns

__all__ = ["MlflowClient"]


class MlflowClient(ClientExperiments, ClientRuns, ClientLoggedModels, ClientArtifacts, ClientRegistry):
    """Experiments, runs, artifacts and registered models of one tracking and one registry URI.

    Nothing starts a run by itself, and no experiment or run is active here: each method names its own.

    Parameters
    ----------
    tracking_uri, registry_uri : str or Path, optional
        Those in force when absent.
    """
