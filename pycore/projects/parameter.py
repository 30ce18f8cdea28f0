"""A parameter of an entry point: its type, its default, and the value it takes in a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import requests

from pycore import config
from pycore.artifacts.stores import folder_of, is_local, scheme_of
from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.tracking import model_uris

_NUMBERS: Mapping[str, Callable[[str], float]] = MappingProxyType({"float": float, "int": int})
TYPES = ("string", *_NUMBERS, "path", "uri")

_CHUNK_BYTES = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parameter:
    """One parameter as an ``MLproject`` declares it.

    Attributes
    ----------
    name : str
    type : str
        One of `TYPES`. A number is checked; a ``path`` is a local file or folder, downloaded when it is
        given by URI; a ``uri`` is handed on, a local one as absolute path.
    default : str or None
        None when a value must be given. A relative path is one in the project.
    """

    name: str
    type: str = "string"
    default: str | None = None

    @classmethod
    def parse(cls, name: str, declared: object) -> Parameter:
        """Read a declaration: the name of a type, or a mapping with ``type`` and ``default``.

        Raises
        ------
        InvalidInput
            It is neither.
        """
        if isinstance(declared, str):
            declared = {"type": declared}
        if not isinstance(declared, dict):
            raise InvalidInput(
                f"The parameter {name!r} must be the name of a type, or a mapping with type and default, "
                f"not {declared!r}."
            )
        kind, default = str(declared.get("type", "string")), declared.get("default")
        if kind not in TYPES:
            # Projects in use name many types; nobody has ever checked them.
            _log.warning(
                "The type %r of the parameter %r is none of %s: its values are handed on unchecked.",
                kind,
                name,
                ", ".join(TYPES),
            )
            kind = "string"
        return cls(name, kind, None if default is None else str(default))

    def value(self, given: str | None, project: Path, storage: Path) -> str:
        """Return the value for a command.

        Parameters
        ----------
        given : str or None
            None for the default, which there must be.
        project : Path
            Folder of the project.
        storage : Path
            Folder for what is downloaded; made when needed.

        Raises
        ------
        InvalidInput
            The value is not of the type.
        NotFound
            There is no such file or folder.
        """
        text = given if given is not None else str(self.default)
        if number := _NUMBERS.get(self.type):
            self._check(text, number)
        elif self.type == "path":
            return str(self._fetched(text, project if given is None else Path.cwd(), storage))
        elif self.type == "uri" and is_local(text):
            return str(_local(text, project if given is None else Path.cwd()))
        return text

    def _check(self, text: str, number: Callable[[str], float]) -> None:
        try:
            number(text)
        except ValueError as error:
            raise InvalidInput(f"The parameter {self.name!r} must be {self.type}, not {text!r}.") from error

    def _fetched(self, text: str, base: Path, storage: Path) -> Path:
        if not is_local(text):
            fetch = _download if scheme_of(text) in ("http", "https") else model_uris.fetch
            return fetch(text, storage / self.name)
        found = _local(text, base)
        if not found.exists():
            raise NotFound(f"The parameter {self.name!r} is a path, but there is nothing at {str(found)!r}.")
        return found


def _local(text: str, base: Path) -> Path:
    return folder_of(text if scheme_of(text) else str(base / Path(text).expanduser()))


def _download(url: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (url.partition("?")[0].rstrip("/").rpartition("/")[2] or "download")
    try:
        with requests.get(url, stream=True, timeout=config.HTTP_TIMEOUT_S.get()) as reply:
            reply.raise_for_status()
            with file.open("wb") as target:
                target.writelines(reply.iter_content(_CHUNK_BYTES))
    except requests.HTTPError as error:
        raise NotFound(
            f"{url} answers {error.response.status_code}: there is nothing to download."
        ) from error
    except requests.RequestException as error:
        raise Unavailable(f"{url} cannot be downloaded: {error}.") from error
    return file
