"""A tracking server with something of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flask import Flask
from rest import API, PROXY, Rest, as_user

from pycore.app import make_guard
from pycore.auth.grants import GrantService
from pycore.auth.options import AuthOptions
from pycore.auth.users import UserService
from pycore.entities import Permission, Resource, ResourceKind
from pycore.server.application import HttpOptions, make_app
from pycore.services.build import Services


@dataclass
class World:
    """What a server holds on which each endpoint has something to answer."""

    rest: Rest
    files: Rest
    experiment_id: str
    run_id: str
    logged_model: str
    services: Services
    model: str = "iris-lm"

    @cached_property
    def guarded(self) -> Rest:
        """The same server when it asks who calls, called by its administrator."""
        services = self.services
        users = UserService(services.tracking)
        users.ensure_administrator("ada", "the first program")
        users.create("eve", "eavesdropping")
        grants = GrantService(services.tracking, services.registry, Permission.READ)
        grants.create(Resource(ResourceKind.EXPERIMENT, self.experiment_id), "eve", Permission.EDIT)
        grants.create(Resource(ResourceKind.REGISTERED_MODEL, self.model), "eve", Permission.EDIT)
        services.registered_models.create("other")
        app = make_app(services, HttpOptions(), make_guard(services, AuthOptions()))
        return as_user(Rest(app), "ada", "the first program")


def populate(api: Services, app: Flask) -> World:
    """Fill an empty server."""
    rest, files = Rest(app, API), Rest(app, PROXY)
    experiment_id = rest.post("experiments/create", name="iris")["experiment_id"]
    run = rest.post("runs/create", experiment_id=experiment_id, start_time=5, run_name="first")["run"]
    run_id = run["info"]["run_id"]
    rest.post("runs/log-metric", run_id=run_id, key="rmse", value=0.5, timestamp=7, step=1)
    rest.post("runs/set-tag", run_id=run_id, key="team", value="blue")
    rest.post("experiments/set-experiment-tag", experiment_id=experiment_id, key="team", value="blue")
    files.http.put(
        f"{files.prefix}artifacts/{experiment_id}/{run_id}/artifacts/model/MLmodel", data=b"flavors:"
    )
    rest.post("registered-models/create", name="iris-lm", tags=[{"key": "team", "value": "blue"}])
    source = f"{run['info']['artifact_uri']}/model"
    rest.post("model-versions/create", name="iris-lm", source=source, run_id=run_id)
    rest.post("registered-models/alias", name="iris-lm", alias="champion", version="1")
    logged = rest.post(
        "logged-models",
        experiment_id=experiment_id,
        name="tree",
        source_run_id=run_id,
        tags=[{"key": "team", "value": "blue"}],
    )["model"]["info"]
    place = logged["artifact_uri"].removeprefix("mlflow-artifacts:/")
    files.http.put(f"{files.prefix}artifacts/{place}/MLmodel", data=b"flavors:")
    return World(rest, files, experiment_id, run_id, logged["model_id"], api)
