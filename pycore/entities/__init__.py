"""What the platform keeps, as frozen dataclasses without I/O.

Anything may import this package; it imports nothing of Crateflow but errors. Times are integer
milliseconds since 1970 UTC and carry the names of the wire protocol (`start_time`,
`creation_timestamp`), because user code reads them by those names.
"""

from pycore.entities.artifact import FileInfo, PartedUpload, SignedUrl, UploadedPart
from pycore.entities.dataset import Dataset, DatasetInput, DatasetSummary, InputTag
from pycore.entities.experiment import Experiment, ExperimentTag
from pycore.entities.lifecycle import LifecycleStage, ViewType
from pycore.entities.logged_model import (
    DatasetFilter,
    LoggedModel,
    LoggedModelOrder,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
)
from pycore.entities.metric import Metric
from pycore.entities.model_version import ModelVersion, ModelVersionTag, Stage, VersionNumber
from pycore.entities.model_version_status import ModelVersionStatus
from pycore.entities.page import PagedList
from pycore.entities.param import Param
from pycore.entities.permission import Grant, Permission, Resource, ResourceKind
from pycore.entities.registered_model import RegisteredModel, RegisteredModelTag
from pycore.entities.run import Run, RunData, RunInfo, RunStatus
from pycore.entities.run_inputs import LoggedModelInput, LoggedModelOutput, RunInputs, RunOutputs
from pycore.entities.source_type import SourceType
from pycore.entities.tag import RunTag
from pycore.entities.token import Token, TokenScope
from pycore.entities.user import Actor, User

__all__ = [
    "Actor",
    "Dataset",
    "DatasetFilter",
    "DatasetInput",
    "DatasetSummary",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "Grant",
    "InputTag",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOrder",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "ModelVersion",
    "ModelVersionStatus",
    "ModelVersionTag",
    "PagedList",
    "Param",
    "PartedUpload",
    "Permission",
    "RegisteredModel",
    "RegisteredModelTag",
    "Resource",
    "ResourceKind",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "SignedUrl",
    "SourceType",
    "Stage",
    "Token",
    "TokenScope",
    "UploadedPart",
    "User",
    "VersionNumber",
    "ViewType",
]
