"""Artifact locations: which are legal, and how they are put together and compared."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pycore.artifacts.stores import scheme_of
from pycore.errors import InvalidInput
from pycore.services import limits


def absolute(location: str) -> str:
    """Return a location as it is stored: a URI unchanged, a path made absolute."""
    return location if scheme_of(location) else str(Path(location).absolute())


def join(location: str, *parts: str) -> str:
    """Return the location of something below another, before a query where there is one."""
    base, mark, query = location.partition("?") if scheme_of(location) else (location, "", "")
    return "/".join([base.rstrip("/"), *parts]) + mark + query


def decoded(text: str) -> str:
    """Return a text with its percent escapes resolved, however often they were escaped."""
    while (plain := unquote(text)) != text:
        text = plain
    return text


def steps(text: str) -> list[str]:
    """Return the parts of a path or URI between slashes of either kind, escapes resolved."""
    return re.split(r"[/\\]", decoded(text))


def local_path(uri: str) -> Path | None:
    """Return the real path that a path or file URI means, links resolved; None for what is not local."""
    if not scheme_of(uri):
        return Path(uri).resolve()
    if scheme_of(uri) != "file":
        return None
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        return None
    return Path(unquote(parts.path)).resolve()


def check_artifact_location(location: str) -> None:
    """Refuse a location that runs cannot keep artifacts below."""
    limits.check_length(location, limits.ARTIFACT_LOCATION_LENGTH, "The artifact location")
    if scheme_of(location) in ("runs", "models"):
        problem = "it names a run or model, expected a place such as s3://bucket/folder"
    elif "#" in location:
        problem = "it has a fragment (#)"
    elif ";" in location:
        problem = "it has parameters (;)"
    elif ".." in steps(location):
        problem = "it has a step '..'"
    elif "\0" in decoded(location):
        problem = "it has a null character"
    else:
        return
    raise InvalidInput(f"Invalid artifact location {location!r}: {problem}.")
