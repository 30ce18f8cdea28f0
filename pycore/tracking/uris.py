"""Where runs are tracked and models registered.

The environment variables hold the setting itself, so child processes inherit it.
"""

from __future__ import annotations

import os
from pathlib import Path

from pycore import config
from pycore.connect import absolute
from pycore.models.arguments import checked
from pycore.tracking import chosen_experiments


@checked
def set_tracking_uri(uri: str | Path | None) -> None:
    """Track runs at a URI from now on; it is first used, and checked, by the next call.

    Parameters
    ----------
    uri : str, Path or None
        ``http://…`` or ``https://…`` of a server, or ``sqlite:///file.db``. None or "" goes back to
        the default: ``mlflow.db`` in the working directory. A relative file stays the one it is now,
        also when the working directory changes.
    """
    before = get_tracking_uri()
    _export(config.TRACKING_URI, uri)
    chosen_experiments.move(before, get_tracking_uri())


def get_tracking_uri() -> str:
    """Return the URI in force."""
    return config.TRACKING_URI.get() or f"sqlite:///{Path.cwd() / 'mlflow.db'}"


def is_tracking_uri_set() -> bool:
    """Return whether `set_tracking_uri` or the environment chose a URI."""
    return config.TRACKING_URI.is_set()


@checked
def set_registry_uri(uri: str | Path | None) -> None:
    """Keep registered models elsewhere than runs; None or "" goes back to the tracking URI."""
    _export(config.REGISTRY_URI, uri)


def get_registry_uri() -> str:
    """Return the URI of the model registry in force."""
    return config.REGISTRY_URI.get() or get_tracking_uri()


def _export(setting: config.Setting[str | None], uri: str | Path | None) -> None:
    if not uri:
        os.environ.pop(setting.name, None)
    else:
        os.environ[setting.name] = uri.absolute().as_uri() if isinstance(uri, Path) else absolute(uri)
