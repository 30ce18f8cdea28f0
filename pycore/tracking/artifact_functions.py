"""The functions of ``mlflow.artifacts``: reading what runs and models left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from pycore.entities import FileInfo
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking import images, model_uris
from pycore.tracking.client_artifacts import YAML_SUFFIXES
from pycore.tracking.mlflow_client import MlflowClient

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]


@checked
def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | Path | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """Return the local path of a file or folder, given by URI or by run and path.

    Parameters
    ----------
    artifact_uri : str, optional
        ``runs:/…``, ``models:/…``, or an artifact URI or path.
    run_id, artifact_path : str, optional
        All of the run's artifacts without a path.
    dst_path : path, optional
        Folder to copy into; see `pycore.tracking.model_uris.fetch`.
    tracking_uri, registry_uri : str, optional
        Those in force when absent.

    Raises
    ------
    NotFound
        There is no such run, file or folder.
    InvalidInput
        Not exactly one of `artifact_uri` and `run_id` is given.
    """
    client = MlflowClient(tracking_uri, registry_uri)
    if uri := _only_uri(artifact_uri, run_id, artifact_path):
        return str(model_uris.fetch(uri, dst_path, client))
    return client.download_artifacts(str(run_id), artifact_path or "", dst_path)


@checked
def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """Return one level of a folder, given as for `download_artifacts`.

    Paths begin with the folder's own: the whole path in the run, the last part of a URI.
    """
    client = MlflowClient(tracking_uri)
    if uri := _only_uri(artifact_uri, run_id, artifact_path):
        root, name = model_uris.split(model_uris.resolve(uri, client))
        return client.tracking.artifacts.open(root).list(name)
    return client.list_artifacts(str(run_id), artifact_path)


@checked
def load_text(artifact_uri: str) -> str:
    """Return the content of a text file.

    Raises
    ------
    InvalidInput
        It is a folder, or no text in UTF-8.
    """
    file = model_uris.fetch(artifact_uri)
    if file.is_dir():
        raise InvalidInput(f"{artifact_uri!r} is a folder; list_artifacts tells its files.")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{artifact_uri!r} is no text in UTF-8: {error}. download_artifacts fetches any file."
        ) from error


@checked
def load_dict(artifact_uri: str) -> Any:
    """Return the content of a JSON file, or of a YAML file where the name says so.

    Raises
    ------
    InvalidInput
        The file is neither.
    """
    text = load_text(artifact_uri)
    try:
        return yaml.safe_load(text) if artifact_uri.endswith(YAML_SUFFIXES) else json.loads(text)
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidInput(f"{artifact_uri!r} holds neither JSON nor YAML: {error}.") from error


@checked
def load_image(artifact_uri: str) -> Any:
    """Return a picture as an image of Pillow."""
    return images.Image(model_uris.fetch(artifact_uri)).to_pil()


def fetch_artifact(
    artifact_uri: str, output_path: str | Path | None = None, tracking_uri: str | None = None
) -> str:
    """Return the local path of a file or folder, given by URI; MLflow's older `download_artifacts`."""
    return download_artifacts(artifact_uri, dst_path=output_path, tracking_uri=tracking_uri)


@checked
def uri_of_artifact(run_id: str, artifact_path: str | None = None, tracking_uri: str | None = None) -> str:
    """Return the URI of the artifacts of any run, or of a path among them."""
    root = MlflowClient(tracking_uri).get_run(run_id).info.artifact_uri
    return f"{root.rstrip('/')}/{artifact_path}" if artifact_path else root


def _only_uri(artifact_uri: str | None, run_id: str | None, artifact_path: str | None) -> str | None:
    if (artifact_uri is None) == (run_id is None) or (artifact_uri and artifact_path):
        raise InvalidInput("Give either artifact_uri, or run_id with or without artifact_path.")
    return artifact_uri
