"""The names, numbers and HTTP statuses of error codes.

Codes travel by name; the numbers are those of MLflow's protocol, which scripts compare with. A code
that is not listed belongs to some other server and counts as an internal error of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ErrorCode(IntEnum):
    """MLflow's codes that a client of a tracking server meets."""

    INTERNAL_ERROR = 1
    TEMPORARILY_UNAVAILABLE = 2
    IO_ERROR = 3
    BAD_REQUEST = 4
    DEADLINE_EXCEEDED = 7
    CANCELLED = 8
    RESOURCE_EXHAUSTED = 9
    ABORTED = 10
    NOT_FOUND = 11
    ALREADY_EXISTS = 12
    UNAUTHENTICATED = 13
    INVALID_PARAMETER_VALUE = 1000
    ENDPOINT_NOT_FOUND = 1001
    MALFORMED_REQUEST = 1002
    INVALID_STATE = 1003
    PERMISSION_DENIED = 1004
    FEATURE_DISABLED = 1005
    CUSTOMER_UNAUTHORIZED = 1006
    REQUEST_LIMIT_EXCEEDED = 1007
    RESOURCE_CONFLICT = 1008
    NOT_IMPLEMENTED = 1010
    DATA_LOSS = 1011
    RESOURCE_ALREADY_EXISTS = 3001
    RESOURCE_DOES_NOT_EXIST = 3002
    QUOTA_EXCEEDED = 4001
    RESOURCE_LIMIT_EXCEEDED = 5002

    @classmethod
    def Name(cls, number: int) -> str:
        """Return the name of a number."""
        return cls(number).name

    @classmethod
    def Value(cls, name: str) -> int:
        """Return the number of a name."""
        return cls[name].value


#: Clients repeat a request on 429 and 5xx, for minutes: a mistake of the caller is never one of these.
HTTP_STATUS: Mapping[str, int] = {
    "INTERNAL_ERROR": 500,
    "INVALID_PARAMETER_VALUE": 400,
    "BAD_REQUEST": 400,
    "INVALID_STATE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "UNAUTHENTICATED": 401,
    "CUSTOMER_UNAUTHORIZED": 401,
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "NOT_FOUND": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


def __getattr__(name: str) -> ErrorCode:
    """Offer each code as a name of the module too, which is where MLflow has them."""
    if name in ErrorCode.__members__:
        return ErrorCode[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
