"""The artifacts part of `MlflowClient`."""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from pycore.artifacts import paths, transfer
from pycore.entities import FileInfo
from pycore.errors import InvalidInput
from pycore.protocols import ArtifactStore
from pycore.tracking import model_uris
from pycore.tracking.client_connection import ClientConnection

YAML_SUFFIXES = (".yml", ".yaml")


class ClientArtifacts(ClientConnection):
    """Files of runs; paths are relative to the run's artifact root. Uploads are finished on return."""

    def log_artifact(self, run_id: str, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Copy a file, or a folder under its own name, into a folder of the run.

        Raises
        ------
        FileNotFoundError
            There is no such file or folder.
        """
        source = _existing(local_path)
        folder = artifact_path or ""
        if source.is_dir():
            transfer.upload_folder(self._store(run_id), source, paths.joined(folder, source.name))
        else:
            transfer.upload_file(self._store(run_id), source, folder)

    def log_artifacts(self, run_id: str, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Copy what is in a folder into a folder of the run.

        Raises
        ------
        FileNotFoundError
            There is no such folder.
        InvalidInput
            It is a file.
        """
        transfer.upload_folder(self._store(run_id), _existing(local_dir), artifact_path or "")

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Write a text, in UTF-8."""
        self._write(run_id, artifact_file, text.encode())

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Write a dictionary or list: as YAML where the name says so, otherwise as JSON."""
        if artifact_file.endswith(YAML_SUFFIXES):
            text = yaml.safe_dump(dictionary, sort_keys=False, allow_unicode=True)
        else:
            text = json.dumps(dictionary, indent=2, ensure_ascii=False, default=_plain)
        self.log_text(run_id, text, artifact_file)

    def log_figure(
        self, run_id: str, figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None
    ) -> None:
        """Write a figure of matplotlib or plotly, in the format of the file's suffix.

        Parameters
        ----------
        save_kwargs : dict, optional
            For the library's own saving function.
        """
        self._write(run_id, artifact_file, _rendered(figure, artifact_file, save_kwargs or {}))

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """Return one level of the run's files, sorted; nothing for a file or a missing folder."""
        return self._store(run_id).list(path or "")

    def download_artifacts(self, run_id: str, path: str, dst_path: str | Path | None = None) -> str:
        """Return the local path of a file or folder of the run; see `model_uris.fetch_below`."""
        root = self.tracking.runs.get(run_id).info.artifact_uri
        return str(model_uris.fetch_below(self, root, path, dst_path))

    def _store(self, run_id: str) -> ArtifactStore:
        return self.tracking.artifacts.open(self.tracking.runs.get(run_id).info.artifact_uri)

    def _write(self, run_id: str, artifact_file: str, content: bytes) -> None:
        self._store(run_id).write(artifact_file, io.BytesIO(content))


def _existing(local_path: str | Path) -> Path:
    path = Path(local_path).absolute()
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(local_path)!r} to log.")
    return path.resolve() if path.name in ("", "..") else path


def _rendered(figure: Any, name: str, save_kwargs: dict[str, Any]) -> bytes:
    suffix = PurePosixPath(name).suffix.lstrip(".").lower()
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix or None, **save_kwargs)
        return buffer.getvalue()
    if not hasattr(figure, "to_image"):
        raise InvalidInput(f"log_figure takes a figure of matplotlib or plotly, not {type(figure).__name__}.")
    if suffix == "html":
        return str(figure.to_html(**save_kwargs)).encode()
    image: bytes = figure.to_image(format=suffix or None, **save_kwargs)
    return image


def _plain(value: Any) -> Any:
    # numpy's scalars and arrays
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
