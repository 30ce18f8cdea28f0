"""Registering a logged model under a name."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from pycore.artifacts.run_artifacts import RunArtifacts, RunsUri
from pycore.artifacts.stores import PROXY_SCHEME, is_local, scheme_of
from pycore.entities import ModelVersion
from pycore.errors import AlreadyExists, NotFound
from pycore.models.arguments import checked
from pycore.models.spec import MLMODEL
from pycore.tracking import model_uris
from pycore.tracking.mlflow_client import MlflowClient


@checked
def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int | None = 300,  # a version is ready at once
    *,
    tags: Mapping[str, Any] | None = None,
    client: MlflowClient | None = None,
) -> ModelVersion:
    """Make the next version of a registered model from a logged one.

    Parameters
    ----------
    model_uri : str
        ``runs:/<run id>/<path>``, ``models:/…``, or an artifact URI or path.
    name : str
        Of the registered model, which is made when there is none.
    tags : mapping, optional
        Of the version.
    client : MlflowClient, optional
        Whose URIs to use; those in force when absent.

    Raises
    ------
    NotFound
        No model lies there; nothing is registered then.
    """
    client = client or MlflowClient()
    source = model_uris.resolve(model_uri, client)
    # A source this machine may have no right to look into, say s3:, is taken as given.
    if is_local(source) or scheme_of(source) == PROXY_SCHEME:
        _check_is_model(client, model_uri, source)
    with contextlib.suppress(AlreadyExists):
        client.create_registered_model(name)
    if scheme_of(model_uri) == "models":
        # The registry keeps the lineage: the version it came from, and that one's run.
        return client.create_model_version(name, model_uri, tags=tags)
    if scheme_of(model_uri) != "runs":
        return client.create_model_version(name, source, tags=tags)
    place = RunsUri.parse(model_uri)
    model = RunArtifacts(client.tracking, place.run_id).model_at(place.path)
    if model is not None and model.name == place.path and client.registry_uri == client.tracking_uri:
        # The version is one of the model that the run logged, wherever its files are.
        source = model.model_uri
    return client.create_model_version(name, source, place.run_id, tags)


def _check_is_model(client: MlflowClient, model_uri: str, source: str) -> None:
    files = [info.path for info in client.tracking.artifacts.open(source).list()]
    if MLMODEL not in files:
        found = f"only {', '.join(files)}" if files else "nothing"
        raise NotFound(f"There is no model at {model_uri!r}: expected a file {MLMODEL}, found {found}.")
