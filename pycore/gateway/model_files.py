"""The files of a registered version, copied to where an engine may have them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pycore.artifacts import transfer
from pycore.artifacts.run_artifacts import open_source
from pycore.entities import ModelVersion
from pycore.models.spec import MLMODEL, Model
from pycore.protocols import Api, ArtifactReader


def fetch_model(registry: Api, version: ModelVersion, folder: Path) -> Path:
    """Copy a version's model below a folder, so that deleting the version does not pull it from an engine.

    Returns
    -------
    Path
        The model's own folder.
    """
    return transfer.download(_files(registry, version), "", folder / "model")


def read_spec(registry: Api, version: ModelVersion) -> Model:
    """Return what a version's MLmodel file says, without fetching the rest."""
    with tempfile.TemporaryDirectory(prefix="crateflow-") as folder:
        return Model.load(transfer.download(_files(registry, version), MLMODEL, Path(folder)))


def _files(registry: Api, version: ModelVersion) -> ArtifactReader:
    return open_source(registry, registry.model_versions.get_download_uri(version.name, version.version))
