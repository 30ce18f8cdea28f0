"""Which keys and names are legal."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from pycore.errors import InvalidInput
from pycore.services import limits

_KEY = re.compile(r"[\w\-.:/\s]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ALIAS = re.compile(r"[\w\-]+")
_RESERVED_ALIAS = re.compile(r"latest|v[0-9]+", re.IGNORECASE)


def check_key(key: str, what: str) -> None:
    """Refuse an illegal key of a metric, param or tag.

    Keys may be used as file names by clients, so one that looks like a path must be in its shortest form
    and stay below its folder.

    Parameters
    ----------
    what : str
        Such as "metric", for the message.
    """
    if not isinstance(key, str) or not key:
        raise InvalidInput(f"Missing value for required parameter 'key': the key of a {what} is a text.")
    _check_spelling(key, what)


# The same few keys come again with each step of each run.
@lru_cache(maxsize=4096)
def _check_spelling(key: str, what: str) -> None:
    limits.check_length(key, limits.KEY_LENGTH, f"The {what} key")
    if not _KEY.fullmatch(key) or _CONTROL.search(key):
        raise InvalidInput(
            f"Invalid {what} name: {key!r}. Names may only contain letters, digits, _ (underscore), "
            "- (dash), . (dot), : (colon), / (slash) and blanks."
        )
    if key.startswith(("/", "..")) or posixpath.normpath(key) != key or key == ".":
        raise InvalidInput(
            f"Invalid {what} name: {key!r}. Names are treated as relative paths: expected the shortest form, "
            "such as a/b, without a leading or trailing slash."
        )


def check_value(value: str, what: str) -> None:
    """Refuse a value that is no text."""
    if not isinstance(value, str):
        raise InvalidInput(
            f"Invalid value {value!r} for a {what}: expected a text, got {type(value).__name__}."
        )


def check_experiment_name(name: str) -> None:
    """Refuse an illegal name of an experiment."""
    if not isinstance(name, str) or not name:
        raise InvalidInput("Missing value for required parameter 'name': an experiment has a name, as text.")
    limits.check_length(name, limits.EXPERIMENT_NAME_LENGTH, "The experiment name")


def check_model_name(name: str) -> None:
    """Refuse an illegal name of a registered model."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput("Missing value for required parameter 'name': a registered model has a name.")
    if "/" in name or ":" in name:
        raise InvalidInput(f"Invalid registered model name: {name!r}. A name cannot contain '/' or ':'.")
    if name in (".", "..") or _CONTROL.search(name):
        raise InvalidInput(
            f"Invalid registered model name: {name!r}. A name is not '.' or '..' and has no "
            "control characters."
        )
    limits.check_length(name, limits.MODEL_NAME_LENGTH, "The registered model name")


def check_alias(alias: str) -> None:
    """Refuse an illegal alias."""
    if not isinstance(alias, str) or not alias:
        raise InvalidInput("Missing value for required parameter 'alias': an alias is a text.")
    limits.check_length(alias, limits.ALIAS_LENGTH, "The alias")
    if not _ALIAS.fullmatch(alias):
        raise InvalidInput(
            f"Invalid alias name: {alias!r}. Aliases may only contain letters, digits, _ (underscore) "
            "and - (dash)."
        )
    if _RESERVED_ALIAS.fullmatch(alias):
        raise InvalidInput(
            f"The alias name {alias!r} is reserved: 'latest' and a v with a number mean versions themselves."
        )
