"""What can be asked of the platform, noun by noun, whoever answers.

`services` answers in process from a database, `client` over HTTP from a server; both satisfy these
protocols, and one contract suite (`tests/contract`) holds both to what is written here. Every method
raises `Unavailable` when the database or server cannot be reached, and `InvalidInput` for a value
outside the limits named in `pycore.services.limits`.
"""

from pycore.protocols.api import Api
from pycore.protocols.artifacts import (
    ArtifactReader,
    ArtifactStore,
    ArtifactStores,
    DirectTransfers,
    VersionedFile,
)
from pycore.protocols.datasets import Datasets
from pycore.protocols.experiments import Experiments
from pycore.protocols.grants import Grants
from pycore.protocols.logged_models import LoggedModels
from pycore.protocols.metrics import Metrics
from pycore.protocols.model_versions import ModelVersions
from pycore.protocols.registered_models import RegisteredModels
from pycore.protocols.runs import Runs
from pycore.protocols.users import Users

__all__ = [
    "Api",
    "ArtifactReader",
    "ArtifactStore",
    "ArtifactStores",
    "Datasets",
    "DirectTransfers",
    "Experiments",
    "Grants",
    "LoggedModels",
    "Metrics",
    "ModelVersions",
    "RegisteredModels",
    "Runs",
    "Users",
    "VersionedFile",
]
