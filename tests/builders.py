"""One valid entity per call; a test names only the fields it is about."""

from __future__ import annotations

from typing import Any

from pycore.entities import (
    Experiment,
    Metric,
    ModelVersion,
    RegisteredModel,
    Run,
    RunData,
    RunInfo,
    VersionNumber,
)

RUN_ID = "0123456789abcdef0123456789abcdef"
TIME_MS = 1_700_000_000_000


def experiment(**fields: Any) -> Experiment:
    """An active experiment without tags."""
    given = {
        "experiment_id": "1",
        "name": "iris",
        "artifact_location": "mlflow-artifacts:/1",
        "creation_time": TIME_MS,
        "last_update_time": TIME_MS,
    }
    return Experiment(**{**given, **fields})


def metric(**fields: Any) -> Metric:
    """A point of a metric."""
    return Metric(**{"key": "rmse", "value": 0.5, "timestamp": TIME_MS, "step": 3, **fields})


def run_info(**fields: Any) -> RunInfo:
    """The row of a finished run."""
    given = {
        "run_id": RUN_ID,
        "experiment_id": "1",
        "run_name": "merciful-rat-570",
        "user_id": "ada",
        "status": "FINISHED",
        "start_time": TIME_MS,
        "end_time": TIME_MS + 1000,
        "artifact_uri": f"mlflow-artifacts:/1/{RUN_ID}/artifacts",
    }
    return RunInfo(**{**given, **fields})


def run(data: RunData | None = None, **fields: Any) -> Run:
    """A finished run that logged nothing, or `data`."""
    return Run(run_info(**fields), data or RunData())


def model_version(**fields: Any) -> ModelVersion:
    """The first version of a registered model."""
    given = {
        "name": "iris-lm",
        "version": VersionNumber("1"),
        "source": f"mlflow-artifacts:/1/{RUN_ID}/artifacts/model",
        "creation_timestamp": TIME_MS,
        "last_updated_timestamp": TIME_MS,
        "run_id": RUN_ID,
    }
    return ModelVersion(**{**given, **fields})


def registered_model(**fields: Any) -> RegisteredModel:
    """A registered model without versions."""
    given = {"name": "iris-lm", "creation_timestamp": TIME_MS, "last_updated_timestamp": TIME_MS}
    return RegisteredModel(**{**given, **fields})
