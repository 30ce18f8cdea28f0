"""The configuration that a script of a model reads, while it is written and when it is loaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pycore.errors import InvalidInput


class _Loading(threading.local):
    """The configuration that the model being loaded was saved with."""

    config: Mapping[str, Any] | None = None


_loading = _Loading()


class ModelConfig:
    """Settings for a model that is a script.

    While the script is run to load a saved model, these are the ``model_config`` it was saved with, as
    overridden by whoever loads it; otherwise those for development.

    Parameters
    ----------
    development_config : mapping or path, optional
        The settings, or a YAML file of them.

    Raises
    ------
    InvalidInput
        There are no settings, or the file cannot be read.
    """

    def __init__(self, *, development_config: Mapping[str, Any] | str | Path | None = None) -> None:
        given = development_config if _loading.config is None else _loading.config
        if given is None:
            raise InvalidInput(
                "ModelConfig has no settings: give development_config, or save the model with model_config."
            )
        self._settings = dict(given) if isinstance(given, Mapping) else _read(Path(given))

    def get(self, key: str) -> Any:
        """Return a setting; KeyError when there is none of this name."""
        try:
            return self._settings[key]
        except KeyError:
            known = ", ".join(map(str, self._settings))
            raise KeyError(f"The model's configuration has no {key!r}; it has {known}.") from None

    def to_dict(self) -> dict[str, Any]:
        """Return all settings."""
        return dict(self._settings)


@contextmanager
def loading_with(config: Mapping[str, Any] | None) -> Iterator[None]:
    """Let scripts that are run in the block read this configuration; theirs for development without any."""
    before, _loading.config = _loading.config, config or None
    try:
        yield
    finally:
        _loading.config = before


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The development_config {str(file)!r} cannot be read: {error}.") from error
    if not isinstance(content, Mapping):
        raise InvalidInput(f"The development_config {str(file)!r} must hold a mapping of settings.")
    return dict(content)
