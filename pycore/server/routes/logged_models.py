"""Logged models over REST: this server keeps none, and says so."""

from __future__ import annotations

from pycore.protocols import Api
from pycore.wire.encoding import JsonObject
from pycore.wire.request import Arguments


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return no logged models: clients from 3.0 on look for them whenever they list a run's artifacts."""
    return {}
