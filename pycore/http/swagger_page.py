"""A page that shows an OpenAPI description, with a form for each address: Swagger UI.

Its files come from the package of the extra ``docs``, so the page works without the internet.
"""

from __future__ import annotations

import html
import json
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from pycore.errors import NotFound

_PACKAGE = "flask_swagger_ui"
_SCRIPT, _STYLE, _START = "swagger-ui-bundle.js", "swagger-ui.css", "start.js"
_TYPES = {_SCRIPT: "text/javascript", _STYLE: "text/css", _START: "text/javascript"}
#: The files that the page loads.
SWAGGER_FILES = tuple(_TYPES)

#: Nothing from elsewhere. Swagger UI sets styles of elements and has its icons in data URIs.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class Document(NamedTuple):
    """One of the files that make the page.

    Parameters
    ----------
    body : bytes
    content_type : str
    headers : tuple of (str, str)
    """

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...]


def swagger_page(title: str, folder: str) -> Document:
    """Return the page itself.

    Parameters
    ----------
    title : str
    folder : str
        Where its other files are, seen from the page: ``docs`` for one at ``…/docs``.

    Raises
    ------
    NotFound
        Swagger UI is not installed here.
    """
    _folder_of_package()
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/{_STYLE}">
</head>
<body>
<main id="page"></main>
<script src="{folder}/{_SCRIPT}"></script>
<script src="{folder}/{_START}"></script>
</body>
</html>
"""
    return Document(text.encode(), "text/html; charset=utf-8", (("Content-Security-Policy", _POLICY),))


def swagger_file(name: str, description: str) -> Document:
    """Return one of the page's other files.

    Parameters
    ----------
    name : str
    description : str
        Where the OpenAPI description is, seen from the page.

    Raises
    ------
    NotFound
    """
    if name not in _TYPES:
        raise NotFound(f"The page of the documentation has no file {name!r}.")
    cached = (("Cache-Control", "max-age=3600"),)
    if name == _START:
        options = {"url": description, "dom_id": "#page", "deepLinking": True, "validatorUrl": None}
        return Document(f"SwaggerUIBundle({json.dumps(options)});\n".encode(), _TYPES[name], cached)
    return Document((_folder_of_package() / name).read_bytes(), f"{_TYPES[name]}; charset=utf-8", cached)


def _folder_of_package() -> Path:
    # Found without being imported: that would load the web framework it is made for.
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotFound(
            "This server has no Swagger UI to show the page with: install crateflow[docs] there, or read "
            "openapi.json beside it."
        )
    return Path(found.submodule_search_locations[0]) / "dist"
