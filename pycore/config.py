"""Every environment variable Crateflow reads, each declared once.

Names are MLflow's own where it has one, ``CRATEFLOW_*`` otherwise. A setting is read when it is asked
for, never on import, so a change of the environment takes effect at once.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from pycore.errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One environment variable.

    Parameters
    ----------
    name : str
    default : object
        What `get` returns when the variable is unset or empty.
    parse : callable
        Turns the text into the value; ValueError becomes a clear error.
    help : str
        One line for the settings reference.
    """

    name: str
    default: T
    parse: Callable[[str], T]
    help: str

    def get(self) -> T:
        """Return the value in force.

        Raises
        ------
        InvalidInput
            The variable holds a text that cannot be read.
        """
        text = os.environ.get(self.name, "")
        if not text:
            return self.default
        try:
            return self.parse(text)
        except ValueError as error:
            raise InvalidInput(f"The environment variable {self.name} is {text!r}: {error}.") from error

    def is_set(self) -> bool:
        """Return whether the variable holds anything."""
        return bool(os.environ.get(self.name))


def _truth(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("expected true or false")


def _optional(text: str) -> str | None:
    # Only the type differs from str: such a setting is None while unset.
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _optional_pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"expected a regular expression, {error}") from error


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError("expected a number above 0")
    return number


def _positive_seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError("expected a number above 0")
    return seconds


def _text_by_name(text: str) -> Mapping[str, str]:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("expected a JSON object of texts")
    return found


# Clients
TRACKING_URI = Setting("MLFLOW_TRACKING_URI", None, _optional, "Where runs are tracked.")
REGISTRY_URI = Setting("MLFLOW_REGISTRY_URI", None, _optional, "Where models are registered.")
EXPERIMENT_NAME = Setting("MLFLOW_EXPERIMENT_NAME", None, _optional, "Experiment of new runs, by name.")
EXPERIMENT_ID = Setting("MLFLOW_EXPERIMENT_ID", None, _optional, "Experiment of new runs, by id.")
RUN_ID = Setting("MLFLOW_RUN_ID", None, _optional, "Run that the next start_run attaches to.")
ACTIVE_MODEL_ID = Setting(
    "MLFLOW_ACTIVE_MODEL_ID", None, _optional, "Logged model that metrics are noted with besides their run."
)
RUN_CONTEXT = Setting("MLFLOW_RUN_CONTEXT", None, _optional, "Tags of new runs, as a JSON object.")
USERNAME = Setting("MLFLOW_TRACKING_USERNAME", None, _optional, "User name for basic authentication.")
PASSWORD = Setting("MLFLOW_TRACKING_PASSWORD", None, _optional, "Password for basic authentication.")
TOKEN = Setting("MLFLOW_TRACKING_TOKEN", None, _optional, "Bearer token.")
INSECURE_TLS = Setting("MLFLOW_TRACKING_INSECURE_TLS", False, _truth, "Skip the check of certificates.")
SERVER_CERT_PATH = Setting(
    "MLFLOW_TRACKING_SERVER_CERT_PATH", None, _optional, "Certificates that the server's is checked with."
)
CLIENT_CERT_PATH = Setting(
    "MLFLOW_TRACKING_CLIENT_CERT_PATH", None, _optional, "Client certificate and key, in one PEM file."
)
HTTP_TIMEOUT_S = Setting("MLFLOW_HTTP_REQUEST_TIMEOUT", 120, _positive, "Seconds a request may take.")
HTTP_MAX_RETRIES = Setting(
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7, int, "How often a request that may be repeated is tried again."
)
TRUNCATE_LONG_VALUES = Setting(
    "MLFLOW_TRUNCATE_LONG_VALUES", True, _truth, "Cut too long params and tags; otherwise refuse them."
)

ENABLE_SYSTEM_METRICS = Setting(
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", False, _truth, "Log how busy the machine is during runs."
)
SYSTEM_METRICS_INTERVAL_S = Setting(
    "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL",
    10.0,
    _positive_seconds,
    "Seconds between samples.",
)
SYSTEM_METRICS_SAMPLES = Setting(
    "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING",
    1,
    _positive,
    "Samples whose mean is logged.",
)
SYSTEM_METRICS_NODE = Setting(
    "MLFLOW_SYSTEM_METRICS_NODE_ID", None, _optional, "Name of this machine in the keys of its metrics."
)
ENABLE_ASYNC_LOGGING = Setting(
    "MLFLOW_ENABLE_ASYNC_LOGGING", False, _truth, "Log in the background unless a call says otherwise."
)

# Tracking server
SQLITE_SYNCHRONOUS = Setting(
    "CRATEFLOW_SQLITE_SYNCHRONOUS",
    "NORMAL",
    str,
    "NORMAL survives a killed server, FULL a power cut as well, at the price of a disk flush per write.",
)
ARTIFACT_ROOTS: Setting[tuple[str, ...]] = Setting(
    "CRATEFLOW_ARTIFACT_ROOTS",
    (),
    _names,
    "Folders and URIs such as s3://bucket/team, with commas between, below which a server may read and write "
    "artifacts besides its own; s3: is all of S3.",
)
DIRECT_TRANSFERS = Setting(
    "CRATEFLOW_DIRECT_TRANSFERS",
    False,
    _truth,
    "Tell clients to transfer large files past the server, to its S3 store, whose address they must reach.",
)
ALLOWED_HOST_SCHEMES: Setting[tuple[str, ...]] = Setting(
    "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES",
    (),
    _names,
    "URI schemes, with commas between, whose hosts experiments and sources of model versions may choose.",
)
SOURCE_PATTERN = Setting(
    "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX",
    None,
    _optional_pattern,
    "Regular expression that the source of every model version must match.",
)

# Users of a tracking server
ADMIN_PASSWORD = Setting(
    "MLFLOW_AUTH_ADMIN_PASSWORD",
    None,
    _optional,
    "Password of the administrator that the first start with users makes; otherwise a random one is shown.",
)

# Artifacts in S3
S3_ENDPOINT_URL = Setting(
    "MLFLOW_S3_ENDPOINT_URL", None, _optional, "Address of a store that speaks S3, when it is not Amazon's."
)
S3_IGNORE_TLS = Setting(
    "MLFLOW_S3_IGNORE_TLS", False, _truth, "Skip the check of the S3 store's certificates."
)
S3_UPLOAD_EXTRA_ARGS: Setting[Mapping[str, str]] = Setting(
    "MLFLOW_S3_UPLOAD_EXTRA_ARGS",
    MappingProxyType({}),
    _text_by_name,
    'Further arguments of uploads to S3, as a JSON object such as {"ServerSideEncryption": "aws:kms"}.',
)
S3_BUCKET_OWNER = Setting(
    "MLFLOW_S3_EXPECTED_BUCKET_OWNER", None, _optional, "Account that must own the S3 bucket."
)
S3_ADDRESSING_STYLE = Setting(
    "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
    "auto",
    str,
    "Where the bucket stands in S3 addresses: path, virtual or auto.",
)
S3_SIGNATURE_VERSION = Setting(
    "MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION",
    None,
    _optional,
    "How requests to S3 are signed: s3v4, or unsigned for public buckets.",
)
ARTIFACT_TIMEOUT_S: Setting[int | None] = Setting(
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", None, _positive, "Seconds an S3 store may be silent."
)

# Models
ALLOW_PICKLE = Setting(
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION", True, _truth, "Load Python pickles, which run code."
)

# Scoring
SCORING_TIMEOUT_S = Setting(
    "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", 60, _positive, "Seconds a scoring request may take."
)
MODEL_WORKERS: Setting[int | None] = Setting(
    "MLFLOW_MODELS_WORKERS", None, _positive, "Scoring workers per model."
)
WORKER_MEMORY_MB: Setting[int | None] = Setting(
    "CRATEFLOW_WORKER_MEMORY_MB", None, _positive, "Address space of a scoring worker."
)
WORKER_REQUESTS = Setting(
    "CRATEFLOW_WORKER_REQUESTS", 10_000, _positive, "Requests after which a scoring worker is replaced."
)
QUEUE_REQUESTS = Setting(
    "CRATEFLOW_QUEUE_REQUESTS", 128, _positive, "Scoring requests that may wait per model; 503 beyond."
)
BATCH_ROWS = Setting(
    "CRATEFLOW_BATCH_ROWS", 10_000, _positive, "Rows of waiting requests that may be scored by one call."
)
MODEL_ENVIRONMENT: Setting[tuple[str, ...]] = Setting(
    "CRATEFLOW_MODEL_ENV",
    (),
    _names,
    "Further environment variables that models may see, by name, separated by commas.",
)
MAX_BODY_MB = Setting("CRATEFLOW_MAX_BODY_MB", 100, _positive, "Largest scoring request body.")

# Gateway
GATEWAY_MEMORY_MB: Setting[int | None] = Setting(
    "CRATEFLOW_GATEWAY_MEMORY_MB",
    None,
    _positive,
    "Memory of all models of a gateway, half of the machine's by default; beyond it unused models stop.",
)
GATEWAY_IDLE_S = Setting(
    "CRATEFLOW_GATEWAY_IDLE_S", 900, _positive, "Seconds after which a gateway stops a model nobody uses."
)
GATEWAY_START_S = Setting(
    "CRATEFLOW_GATEWAY_START_S", 60, _positive, "Seconds a request waits for a gateway to start its model."
)

# Projects
ENV_ROOT = Setting(
    "MLFLOW_ENV_ROOT", "~/.cache/crateflow/envs", str, "Folder for the virtual environments of projects."
)

ENV_MANAGER = Setting(
    "CRATEFLOW_ENV_MANAGER",
    "local",
    str,
    "Where the packages of models come from: local is what is installed, library installs those of R models "
    "in their versions, virtualenv those of Python models too.",
)
R_REPOSITORIES: Setting[tuple[str, ...]] = Setting(
    "CRATEFLOW_R_REPOSITORIES",
    (),
    _names,
    "Addresses of the repositories, with commas between, that the R packages of models are installed from.",
)
R_LIBRARIES = Setting(
    "CRATEFLOW_R_LIBRARIES",
    None,
    _optional,
    "Folder for the private R libraries of models; one in the user's cache by default.",
)
R_HOME = Setting("R_HOME", None, _optional, "The R installation to use; found by `R RHOME` otherwise.")


def all_settings() -> list[Setting[object]]:
    """Return every setting, by name."""
    found = [value for value in globals().values() if isinstance(value, Setting)]
    return sorted(found, key=lambda setting: setting.name)
