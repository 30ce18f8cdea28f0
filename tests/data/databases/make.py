"""Made the databases beside this file, each with the release whose revision it is named after.

``python make.py 0001.db`` with today's release makes one of today's revision. Never make an old one anew:
what counts is that its own release wrote it.
"""

from __future__ import annotations

import math
import sqlite3
import sys
from itertools import count
from pathlib import Path

from pycore.artifacts.stores import StoresByScheme
from pycore.auth.grants import GrantService
from pycore.auth.tokens import TokenService
from pycore.auth.users import UserService
from pycore.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    ModelVersionTag,
    Param,
    Permission,
    RegisteredModelTag,
    Resource,
    ResourceKind,
    RunStatus,
    RunTag,
)
from pycore.services import build_api
from pycore.store import Database


def make(path: Path) -> None:
    """Write a small database with something in every table."""
    ids = (f"{number:032x}" for number in count(1))
    clock = count(1_700_000_000_000, 1000)
    with Database.open(f"sqlite:///{path}") as database:
        api = build_api(
            database,
            StoresByScheme(),
            "/srv/artifacts",
            clock=lambda: next(clock),
            new_id=lambda: next(ids),
        )
        experiment_id = api.experiments.create("iris", tags=[ExperimentTag("team", "red")])
        run_id = api.runs.create(experiment_id, user_id="ada", run_name="first").info.run_id
        api.runs.log_batch(
            run_id,
            [
                Metric("rmse", 0.5, 1, 1),
                Metric("rmse", 0.25, 2, 2),
                Metric("odd", math.nan, 1),
                Metric("far", math.inf, 1),
            ],
            [Param("alpha", "0.1")],
            [RunTag("note", "golden")],
        )
        api.runs.delete(api.runs.create(experiment_id, run_name="deleted").info.run_id)
        context = (InputTag("mlflow.data.context", "train"),)
        api.runs.log_inputs(run_id, [DatasetInput(Dataset("iris", "d1", "local", "{}"), context)])
        model = api.logged_models.create(
            experiment_id, "tree", run_id, [LoggedModelTag("k", "v")], [LoggedModelParameter("depth", "3")]
        )
        api.runs.log_outputs(run_id, [LoggedModelOutput(model.model_id)])
        api.runs.log_metric(run_id, Metric("rmse", 0.25, 2, 2, model.model_id, "iris", "d1"))
        api.logged_models.finalize(model.model_id, LoggedModelStatus.READY)
        api.runs.update(run_id, RunStatus.FINISHED, 1_700_000_100_000)
        api.registered_models.create("iris-lm", [RegisteredModelTag("task", "regression")], "sepals")
        for _ in range(3):
            api.model_versions.create("iris-lm", f"runs:/{run_id}/model", tags=[ModelVersionTag("k", "v")])
        api.model_versions.delete("iris-lm", "3")
        api.model_versions.transition_stage("iris-lm", "1", "Production")
        api.registered_models.set_alias("iris-lm", "champion", "1")
        UserService(database).create("ada", "the first program")
        TokenService(database, lambda: next(clock)).create("ada", "ci")
        grants = GrantService(database, database, Permission.READ)
        grants.create(Resource(ResourceKind.EXPERIMENT, experiment_id), "ada", Permission.EDIT)
        grants.create(Resource(ResourceKind.REGISTERED_MODEL, "iris-lm"), "ada", Permission.MANAGE)
    # Most of a small database is empty room on its pages.
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;")
    connection.close()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
