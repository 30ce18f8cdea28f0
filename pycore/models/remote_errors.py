"""Errors as plain data: how one raised in a model's process is raised again, same class, elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pycore.errors import MlflowException, ModelError, RCallError


def to_plain(error: BaseException) -> dict[str, Any]:
    """Return ``{"type", "message"}`` of an error.

    R's conditions have their ``"classes"`` besides, and errors of a foreign code their ``"code"``. What
    is none of ours was raised by the model's own code and becomes a `ModelError` that names its class:
    the process it is raised in again need not have the library that defines it.
    """
    name = type(error).__name__
    match error:
        case RCallError():
            return {"type": name, "message": _clean(error.message), "classes": list(error.classes)}
        case MlflowException():
            plain = {"type": name, "message": _clean(error.message)}
            return plain if error.error_code == error.code else plain | {"code": error.error_code}
        case SystemExit():
            message = f"the model tried to end its process: exit({error.code})"
        case _:
            message = f"{name}: {error}" if str(error) else name
    return {"type": ModelError.__name__, "message": _clean(message)}


def from_plain(plain: dict[str, Any]) -> MlflowException:
    """Return the error that `to_plain` described."""
    found = _BY_NAME.get(plain["type"], ModelError)
    if issubclass(found, RCallError):
        return found(plain["message"], plain["classes"])
    return found(plain["message"], plain.get("code"))


def _clean(text: str) -> str:
    """Replace what has no UTF-8: a message made of a broken text must not break the answer."""
    return text.encode(errors="replace").decode()


def _tree(root: type[MlflowException]) -> Iterator[type[MlflowException]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


_BY_NAME = {error.__name__: error for error in _tree(MlflowException)}
