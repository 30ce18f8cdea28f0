"""Traces over REST: this server keeps none, and says so at once."""

from __future__ import annotations

from flask import Request, Response, abort

from pycore.protocols import Api
from pycore.wire.encoding import JsonObject
from pycore.wire.request import Arguments


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return no traces."""
    return {}


def refuse(api: Api, request: Request) -> Response:
    """Answer as for an unknown address, which tells clients to go on without traces."""
    abort(404)
