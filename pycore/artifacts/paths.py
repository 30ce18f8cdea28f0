"""Which artifact paths are legal.

A path is relative to the root of its store and has ``/`` between its parts. Proxies and servers
differ in how often they decode percent signs, so the path is judged in every decoding it might meet
on its way, while the caller goes on with the one it was given: a name such as ``50%25.txt`` survives.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from pycore.errors import InvalidInput

#: Names of files that are still being written; hidden from listings and refused as names.
UPLOAD_PREFIX = ".crateflow-upload-"

_MAX_DECODINGS = 10
_MAX_PART_BYTES = 255
# A drive letter, or a scheme with its slash. `loss:train.png` is neither.
_FOREIGN_ROOT = re.compile(r"[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:/")


def checked(path: str) -> str:
    """Return the path of a file or folder below the root, unchanged.

    Raises
    ------
    InvalidInput
        The path is empty, absolute, a URI, leaves its root or could in some decoding, or holds a
        part that is empty, ``.``, ``..``, too long or reserved, or a character that is not for names.
    """
    # The mark that HTTP servers put where bytes were no UTF-8.
    if "\N{REPLACEMENT CHARACTER}" in path:
        raise InvalidInput(f"Invalid path: {path!r} is not valid UTF-8.")
    decoded = path
    for _ in range(_MAX_DECODINGS):
        if fault := _fault(decoded):
            raise InvalidInput(
                f"Invalid path: {path!r} {fault}. "
                "Give a path relative to the artifact root, such as 'model/MLmodel'."
            )
        once_more = unquote(decoded)
        if once_more == decoded:
            return path
        decoded = once_more
    raise InvalidInput(f"Invalid path: {path[:100]!r} is percent-encoded too many times.")


def checked_folder(path: str) -> str:
    """Return the path of a folder, "" for the root; ``.`` and one trailing ``/`` are understood."""
    return "" if path in ("", ".", "./") else checked(path.removesuffix("/"))


def joined(folder: str, name: str) -> str:
    """Return the path of a name below a folder, which may be the root."""
    return f"{folder}/{name}" if folder else name


def _fault(path: str) -> str | None:
    if not path:
        return "is empty"
    if path.startswith("/"):
        return "is absolute"
    if _FOREIGN_ROOT.match(path):
        return "starts with a drive or a URI scheme"
    if "\\" in path:
        return "holds a backslash"
    if "#" in path:
        return "holds a '#'"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        return "holds a control character"
    return next((fault for part in path.split("/") if (fault := _part_fault(part))), None)


def _part_fault(part: str) -> str | None:
    if part in ("", ".", ".."):
        return f"has the part {part!r}"
    if len(part.encode()) > _MAX_PART_BYTES:
        return f"has a part of more than {_MAX_PART_BYTES} bytes"
    if part.startswith(UPLOAD_PREFIX):
        return f"has a part that starts with the reserved {UPLOAD_PREFIX!r}"
    return None
