"""The experiment chosen for new runs, of the whole process.

An id means nothing to another server, so the choice is kept by tracking URI. That of the URI in force
is also in the environment, where child processes find it.
"""

from __future__ import annotations

import os

from pycore import config

_ids: dict[str, str] = {}


def choose(tracking_uri: str, experiment_id: str) -> None:
    """Choose for a tracking URI, which is the one in force."""
    _ids[tracking_uri] = experiment_id
    os.environ[config.EXPERIMENT_ID.name] = experiment_id
    # A name inherited from outside would contradict the id in child processes.
    os.environ.pop(config.EXPERIMENT_NAME.name, None)


def chosen(tracking_uri: str) -> str | None:
    """Return the id chosen for a tracking URI."""
    return _ids.get(tracking_uri)


def move(old_uri: str, new_uri: str) -> None:
    """Let the environment follow the tracking URI; an id that came from outside stays."""
    if new_uri in _ids:
        os.environ[config.EXPERIMENT_ID.name] = _ids[new_uri]
    elif config.EXPERIMENT_ID.get() == _ids.get(old_uri):
        os.environ.pop(config.EXPERIMENT_ID.name, None)
