"""MLflow's artifact repositories, which scripts open by URI to list, fetch, add or delete files."""

from __future__ import annotations

from pathlib import Path

from pycore.artifacts import paths, transfer
from pycore.entities import FileInfo
from pycore.errors import InvalidInput
from pycore.models.arguments import checked_methods
from pycore.tracking import model_uris
from pycore.tracking.client_connection import ClientConnection


@checked_methods
class ArtifactRepository:
    """The files below a URI: of a run (``runs:/``), of a model (``models:/``), or of a store.

    Parameters
    ----------
    artifact_uri : str
        See `pycore.tracking.model_uris.resolve`.
    """

    def __init__(self, artifact_uri: str) -> None:
        self.artifact_uri = artifact_uri
        self._client = ClientConnection()
        self._root = model_uris.resolve(artifact_uri, self._client)
        self._store = self._client.tracking.artifacts.open(self._root)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """Return one level, sorted; nothing for a file or a missing folder."""
        return self._store.list(path or "")

    def download_artifacts(self, artifact_path: str, dst_path: str | Path | None = None) -> str:
        """Return the local path of a file or folder."""
        return str(model_uris.fetch_below(self._client, self._root, artifact_path, dst_path))

    def log_artifact(self, local_file: str | Path, artifact_path: str | None = None) -> None:
        """Copy a file into a folder."""
        transfer.upload_file(self._store, Path(local_file), artifact_path or "")

    def log_artifacts(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Copy what is in a folder into a folder."""
        transfer.upload_folder(self._store, Path(local_dir), artifact_path or "")

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Remove a file, or a folder with all below it; everything without a path.

        Raises
        ------
        InvalidInput
            The files are those of a registered version, which never changes.
        """
        if self.artifact_uri.startswith("models:"):
            raise InvalidInput(
                f"The files of {self.artifact_uri!r} are a model's, which never changes. Delete the version "
                "with MlflowClient.delete_model_version, or the files in its run."
            )
        self._store.delete(paths.checked_folder(artifact_path or ""))


def get_artifact_repository(artifact_uri: str) -> ArtifactRepository:
    """Return the files below a URI."""
    return ArtifactRepository(artifact_uri)


#: One class serves all kinds of URI.
RunsArtifactRepository = ModelsArtifactRepository = ArtifactRepository
