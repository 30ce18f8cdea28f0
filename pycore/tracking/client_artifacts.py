"""The artifacts part of `MlflowClient`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import yaml

from pycore.artifacts import paths, transfer
from pycore.artifacts.run_artifacts import RunArtifacts
from pycore.entities import FileInfo, RunTag, ViewType
from pycore.errors import InvalidInput, NotFound
from pycore.models.arguments import checked_methods
from pycore.protocols import ArtifactStore
from pycore.tracking import images, model_uris, pages, run_context, tables, values
from pycore.tracking.client_connection import ClientConnection

if TYPE_CHECKING:
    import pandas as pd

YAML_SUFFIXES = (".yml", ".yaml")


@checked_methods
class ClientArtifacts(ClientConnection):
    """Files of runs; paths are relative to the run's artifact root. Uploads are finished on return."""

    def log_artifact(self, run_id: str, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Copy a file, or a folder under its own name, into a folder of the run.

        Raises
        ------
        FileNotFoundError
            There is no such file or folder.
        """
        _upload(self._store(run_id), local_path, artifact_path)

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

    def log_stream(self, run_id: str, stream: BinaryIO, artifact_file: str) -> None:
        """Write what is read from a stream of bytes, such as an open file.

        Raises
        ------
        InvalidInput
            `stream` is none, or one of text.
        """
        if not hasattr(stream, "read") or not isinstance(stream.read(0), bytes):
            raise InvalidInput(
                f"stream must be open for reading bytes, as open(path, 'rb') is, not {stream!r:.100}."
            )
        self._store(run_id).write(artifact_file, stream)

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

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,  # the upload is finished on return
    ) -> None:
        """Write a picture: to one file, or as the next of a series.

        Parameters
        ----------
        image : ndarray, PIL.Image.Image or Image
            See `pycore.tracking.images.Image`.
        artifact_file : str, optional
            Path in the run; its suffix decides the format.
        key : str, optional
            Name of a series, kept below ``images/`` as PNG with a small copy beside it.
        step, timestamp : int, optional
            Of an image of a series: 0 and now when absent.

        Raises
        ------
        InvalidInput
            Not exactly one of `artifact_file` and `key` is given, or `image` is no picture.
        """
        if (artifact_file is None) == (key is None):
            raise InvalidInput("log_image takes either artifact_file or key.")
        picture = images.to_pillow(image)
        if artifact_file is not None:
            if step is not None or timestamp is not None:
                raise InvalidInput("step and timestamp belong to a series; give key, not artifact_file.")
            self._write(run_id, artifact_file, images.encode(picture, artifact_file))
            return
        time_ms = values.now_ms() if timestamp is None else int(timestamp)
        path = images.series_file(str(key), int(step or 0), time_ms)
        small = f"{path}+compressed.webp"
        self._write(run_id, f"{path}.png", images.encode(picture, f"{path}.png"))
        self._write(run_id, small, images.encode(images.preview(picture), small))
        self.tracking.runs.set_tag(run_id, RunTag(run_context.LOGGED_IMAGES, "True"))

    def log_table(self, run_id: str, data: pd.DataFrame | Mapping[str, Any], artifact_file: str) -> None:
        """Write a table to a JSON or Parquet file, below the rows that the file has already.

        Raises
        ------
        ValueError
            The file's name ends in neither ``.json`` nor ``.parquet``.
        """
        frame = tables.to_frame(data)
        before = self._read_table(run_id, artifact_file)
        if before is not None and len(before):
            import pandas as pd  # as in `tables`

            frame = pd.concat([before, frame], ignore_index=True)
        self._write(run_id, artifact_file, tables.encode(frame, artifact_file))

    def load_table(
        self,
        experiment_id: str | int,
        artifact_file: str,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the rows that runs have logged to a table, one run after the other.

        Parameters
        ----------
        experiment_id : str or int
            All its active runs that have the table, where no `run_ids` are given.
        extra_columns : sequence of str, optional
            Facts about the run to add to each row, such as ``run_id``, ``status`` or ``start_time``.

        Raises
        ------
        NotFound
            No run has the table, or one of `run_ids` lacks it.
        """
        import pandas as pd  # as in `tables`

        if run_ids is None:
            found = pages.collect(
                lambda size, token: self.tracking.runs.search(
                    [str(experiment_id)], "", ViewType.ACTIVE_ONLY, size, [], token
                ),
                1000,
            )
        else:
            found = [self.tracking.runs.get(run_id) for run_id in run_ids]
        parts = []
        for run in found:
            part = self._read_table(run.info.run_id, artifact_file)
            if part is not None:
                parts.append(part.assign(**{name: getattr(run.info, name) for name in extra_columns or ()}))
            elif run_ids is not None:
                raise NotFound(f"The run {run.info.run_id} has no table {artifact_file!r}.")
        if not parts:
            raise NotFound(f"No run of the experiment {experiment_id} has a table {artifact_file!r}.")
        table: pd.DataFrame = pd.concat(parts, ignore_index=True)
        return table

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """Return one level of the run's files, sorted; nothing for a file or a missing folder."""
        return RunArtifacts(self.tracking, run_id).list(path or "")

    def download_artifacts(self, run_id: str, path: str, dst_path: str | Path | None = None) -> str:
        """Return the local path of a file or folder of the run; see `model_uris.fetch_of_run`."""
        return str(model_uris.fetch_of_run(self, run_id, path, dst_path))

    def list_logged_model_artifacts(self, model_id: str, path: str | None = None) -> list[FileInfo]:
        """Return one level of the files of a logged model, sorted."""
        return list(self._model_store(model_id).list(path or ""))

    def log_model_artifact(
        self, model_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Copy a file, or a folder under its own name, to the files of a logged model."""
        _upload(self._model_store(model_id), local_path, artifact_path)

    def log_model_artifacts(
        self, model_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Copy what is in a folder to the files of a logged model."""
        transfer.upload_folder(self._model_store(model_id), _existing(local_dir), artifact_path or "")

    def _model_store(self, model_id: str) -> ArtifactStore:
        return self.tracking.artifacts.open(self.tracking.logged_models.get(model_id).artifact_location)

    def _store(self, run_id: str) -> ArtifactStore:
        return self.tracking.artifacts.open(self.tracking.runs.get(run_id).info.artifact_uri)

    def _read_table(self, run_id: str, artifact_file: str) -> pd.DataFrame | None:
        try:
            with self._store(run_id).open(artifact_file) as stream:
                return tables.decode(stream.read(), artifact_file)
        except NotFound:
            return None

    def _write(self, run_id: str, artifact_file: str, content: bytes) -> None:
        self._store(run_id).write(artifact_file, io.BytesIO(content))


def _upload(store: ArtifactStore, local_path: str | Path, artifact_path: str | None) -> None:
    source = _existing(local_path)
    folder = artifact_path or ""
    if source.is_dir():
        transfer.upload_folder(store, source, paths.joined(folder, source.name))
    else:
        transfer.upload_file(store, source, folder)


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
