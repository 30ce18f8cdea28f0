"""Where the data of a dataset come from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests

from pycore import config
from pycore.artifacts.stores import is_local, scheme_of
from pycore.entities import Dataset as DatasetEntity
from pycore.entities import DatasetInput
from pycore.errors import InvalidInput, Unavailable
from pycore.tracking import model_uris, run_context

_CODE = "code"
_HTTP = "http"
_LOCAL = "local"


@dataclass(frozen=True)
class DatasetSource:
    """A place, or the program that made the data.

    Parameters
    ----------
    source_type : str
        "code", "http", "local", or the scheme of another URI, such as "s3".
    content : mapping
        ``tags`` of the program, ``url`` or ``uri``.
    """

    source_type: str
    content: Mapping[str, Any]

    @property
    def uri(self) -> str | None:
        """The address of the data; None of a program."""
        found: str | None = self.content.get("url", self.content.get("uri"))
        return found

    def load(self, dst_path: str | Path | None = None) -> str:
        """Return the local path of the data, fetched into the folder `dst_path` where given.

        Raises
        ------
        InvalidInput
            The source is a program, which cannot be fetched.
        NotFound, Unavailable
            Nothing is there, or it cannot be reached now.
        """
        if self.uri is None:
            raise InvalidInput(f"Data of the source type {self.source_type!r} cannot be fetched.")
        if self.source_type == _HTTP:
            return str(_download(self.uri, dst_path))
        return str(model_uris.fetch(self.uri, dst_path))

    def to_dict(self) -> dict[str, Any]:
        """Return the content."""
        return dict(self.content)

    def to_json(self) -> str:
        """Return the content as JSON."""
        return json.dumps(self.content)


def source_of(given: object) -> DatasetSource:
    """Return the source that a user names.

    Parameters
    ----------
    given : DatasetSource, str, Path or None
        A path or URI; without one the source is the running program.

    Raises
    ------
    InvalidInput
        It is neither.
    """
    if given is None:
        return DatasetSource(_CODE, {"tags": run_context.tags()})
    if isinstance(given, DatasetSource):
        return given
    if not isinstance(given, str | Path) or not str(given):
        raise InvalidInput(
            f"source must be the path or URI of the data, or a DatasetSource, not {given!r:.100}."
        )
    uri = str(given)
    scheme = scheme_of(uri)
    if scheme in ("http", "https"):
        return DatasetSource(_HTTP, {"url": uri})
    return DatasetSource(_LOCAL if is_local(uri) else scheme, {"uri": uri})


def get_source(dataset: Any) -> DatasetSource:
    """Return the source of a dataset: one that is to be logged, or one that a run tells of.

    Raises
    ------
    InvalidInput
        It is no dataset, or its source was written by some other program in its own way.
    """
    if isinstance(dataset, DatasetInput):
        dataset = dataset.dataset
    if isinstance(found := getattr(dataset, "source", None), DatasetSource):
        return found
    if not isinstance(dataset, DatasetEntity):
        raise InvalidInput(f"dataset must be a dataset or a run's input, not a {type(dataset).__name__}.")
    try:
        content = json.loads(dataset.source)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise InvalidInput(f"The source of the dataset {dataset.name!r} is not a JSON object.")
    return DatasetSource(dataset.source_type, content)


def _download(url: str, dst_path: str | Path | None) -> Path:
    folder = Path(dst_path) if dst_path else model_uris.temporary_folder()
    target = folder / (PurePosixPath(urlsplit(url).path).name or "data")
    try:
        with requests.get(url, stream=True, timeout=config.HTTP_TIMEOUT_S.get()) as response:
            response.raise_for_status()
            folder.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                response.raw.decode_content = True
                shutil.copyfileobj(response.raw, file)
    except requests.exceptions.RequestException as error:
        raise Unavailable(f"{url} cannot be fetched: {error}.") from error
    return target
