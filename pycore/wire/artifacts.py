"""Entries of artifact listings as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.entities import FileInfo, SignedUrl
from pycore.wire.encoding import JsonObject, without_absent


def to_json(info: FileInfo) -> JsonObject:
    """Return a file or folder as JSON; an empty file has no size, as official servers send it."""
    return without_absent({"path": info.path, "is_dir": info.is_dir, "file_size": info.file_size or None})


def from_json(fields: Mapping[str, Any]) -> FileInfo:
    """Return the file or folder of a reply."""
    is_dir = bool(fields.get("is_dir"))
    return FileInfo(
        path=fields["path"],
        is_dir=is_dir,
        file_size=None if is_dir else int(fields.get("file_size") or 0),
    )


def signed_to_json(signed: SignedUrl, name: str) -> JsonObject:
    """Return a signed address as JSON, which the protocol has under one name or another."""
    return without_absent({name: signed.url, "file_size": signed.file_size}) | {"headers": {}}
