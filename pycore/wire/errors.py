"""Errors to (body, status) and back.

The HTTP status of each code stands in `pycore.error_codes`.
"""

from __future__ import annotations

from pycore.error_codes import HTTP_STATUS
from pycore.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    InvalidInput,
    MlflowException,
    ModelError,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from pycore.wire.encoding import JsonObject, loads

ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"

#: The class that a body turns back into, by code; the others become the root with their code.
CLASS_OF_CODE: dict[str, type[MlflowException]] = {
    error_class.code: error_class
    for error_class in (
        MlflowException,
        InvalidInput,
        NotFound,
        AlreadyExists,
        Conflict,
        PayloadTooLarge,
        UnsupportedMediaType,
        Unauthenticated,
        PermissionDenied,
        TooManyRequests,
        Unavailable,
        DeadlineExceeded,
        ModelError,
    )
}

_CODES_OF_STATUS = (
    InvalidInput.code,
    Unauthenticated.code,
    PermissionDenied.code,
    ENDPOINT_NOT_FOUND,
    "RESOURCE_CONFLICT",
    PayloadTooLarge.code,
    UnsupportedMediaType.code,
    TooManyRequests.code,
    NOT_IMPLEMENTED,
    Unavailable.code,
    DeadlineExceeded.code,
)
_CODE_OF_STATUS = {HTTP_STATUS[code]: code for code in _CODES_OF_STATUS}


def to_json(error: MlflowException) -> tuple[JsonObject, int]:
    """Return the body and the HTTP status an error is answered with."""
    return {"error_code": error.error_code, "message": error.message}, error.get_http_status_code()


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
    if known := CLASS_OF_CODE.get(code):
        return known(message)
    return MlflowException(message, code)
