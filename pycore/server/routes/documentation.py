"""What this server answers, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Request, Response

from pycore.http.swagger_page import Document, swagger_file, swagger_page
from pycore.protocols import Api
from pycore.server.openapi import describe
from pycore.server.replies import json_reply

if TYPE_CHECKING:
    from pycore.server.routing import Route


def description(routes: tuple[Route, ...], request: Request) -> Response:
    """Return the OpenAPI description of a table of routes."""
    # Where a proxy puts something in front of the addresses, callers must too.
    return json_reply({**describe(routes), "servers": [{"url": request.script_root or "/"}]})


def page(api: Api, request: Request) -> Response:
    """Show the OpenAPI description as a page, with a form for every address."""
    return _sent(swagger_page("Crateflow REST API", "docs"))


def file_of_page(api: Api, request: Request, name: str) -> Response:
    """Send a file that the page of the documentation consists of."""
    return _sent(swagger_file(name, "api/openapi.json"))


def _sent(document: Document) -> Response:
    return Response(document.body, content_type=document.content_type, headers=document.headers)
