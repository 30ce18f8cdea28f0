"""Errors to (body, status) and back.

The only place where HTTP numbers stand. A class answers with the status of its nearest ancestor in
`STATUS`; an error that carries a foreign code answers with that code's.
"""

from __future__ import annotations

from collections.abc import Mapping

from pycore.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    InvalidInput,
    MlflowException,
    ModelCrashed,
    ModelError,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from pycore.wire.encoding import JsonObject, loads

#: Clients repeat a request on 429 and 5xx, for minutes: a mistake of the caller is never one of these.
STATUS: Mapping[type[MlflowException], int] = {
    MlflowException: 500,
    InvalidInput: 400,
    NotFound: 404,
    AlreadyExists: 400,
    Conflict: 400,
    PayloadTooLarge: 413,
    UnsupportedMediaType: 415,
    Unavailable: 503,
    DeadlineExceeded: 504,
    ModelError: 400,
    ModelCrashed: 500,
}

ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
PERMISSION_DENIED = "PERMISSION_DENIED"
UNAUTHENTICATED = "UNAUTHENTICATED"

#: Codes of the protocol that no class of ours stands for.
FOREIGN_STATUS: Mapping[str, int] = {
    UNAUTHENTICATED: 401,
    PERMISSION_DENIED: 403,
    ENDPOINT_NOT_FOUND: 404,
    "RESOURCE_CONFLICT": 409,
    "REQUEST_LIMIT_EXCEEDED": 429,
    NOT_IMPLEMENTED: 501,
}

# The first class of a code is the one a body turns back into.
_CLASS_OF_CODE: dict[str, type[MlflowException]] = {}
for _error_class in STATUS:
    _CLASS_OF_CODE.setdefault(_error_class.code, _error_class)

_CODE_OF_STATUS: dict[int, str] = {
    **{number: code for code, number in FOREIGN_STATUS.items()},
    400: InvalidInput.code,
    413: PayloadTooLarge.code,
    415: UnsupportedMediaType.code,
    503: Unavailable.code,
    504: DeadlineExceeded.code,
}


def status_of(error: MlflowException) -> int:
    """Return the HTTP status an error is answered with."""
    if error.error_code != type(error).code:
        known = _CLASS_OF_CODE.get(error.error_code)
        return STATUS[known] if known else FOREIGN_STATUS.get(error.error_code, 500)
    return next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)


def to_json(error: MlflowException) -> tuple[JsonObject, int]:
    """Return the body and the HTTP status an error is answered with."""
    return {"error_code": error.error_code, "message": error.message}, status_of(error)


def from_reply(body: bytes, status: int) -> MlflowException:
    """Return the error that a reply other than 200 stands for.

    Parameters
    ----------
    body : bytes
        As received; anything but a JSON object, say a proxy's page, counts by its status alone.
    status : int
        The HTTP status.
    """
    try:
        fields = loads(body)
    except InvalidInput:
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("error_code"), str):
        code = fields["error_code"]
        message = str(fields.get("message") or f"The server answered {status} without a reason.")
    else:
        code = _CODE_OF_STATUS.get(status, MlflowException.code)
        excerpt = body[:500].decode(errors="replace").strip()
        message = f"The server answered {status}" + (f": {excerpt}" if excerpt else " without a reason.")
    if known := _CLASS_OF_CODE.get(code):
        return known(message)
    return MlflowException(message, code)
