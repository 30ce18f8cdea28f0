"""Every error Crateflow raises on purpose.

::

    MlflowException            INTERNAL_ERROR           the root: user code catches this name
    ├── InvalidInput           INVALID_PARAMETER_VALUE  a value, name, path, filter or token is wrong
    │   └── SignatureMismatch                           rows do not fit a model's signature
    ├── NotFound               RESOURCE_DOES_NOT_EXIST
    ├── AlreadyExists          RESOURCE_ALREADY_EXISTS
    ├── Conflict               INVALID_STATE            right in itself, refused by the present state
    ├── PayloadTooLarge        REQUEST_TOO_LARGE
    ├── UnsupportedMediaType   UNSUPPORTED_MEDIA_TYPE
    ├── Unauthenticated        UNAUTHENTICATED          it is not known who asks
    ├── PermissionDenied       PERMISSION_DENIED        who asks may not do this
    ├── TooManyRequests        REQUEST_LIMIT_EXCEEDED   try again after a while, and less often
    ├── Unavailable            TEMPORARILY_UNAVAILABLE  try again later: database, server, queue
    ├── DeadlineExceeded       DEADLINE_EXCEEDED        the time limit of a request has passed
    ├── ProjectFailed                                   a project's command or its environment
    └── ModelError             BAD_REQUEST              something about a model, not about the platform
        ├── InvalidModel                                a model folder or crate that cannot be read
        ├── FlavorUnknown                               no installed flavor can load it
        ├── RUnavailable                                no usable R on this machine
        ├── RCallError                                  R raised a condition
        └── ModelCrashed       INTERNAL_ERROR           the process that ran the model died

A class without a code of its own answers with its parent's. The codes are MLflow's where it has
one, because official clients match on them; the HTTP status of each stands in `pycore.error_codes`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from pycore.error_codes import HTTP_STATUS, ErrorCode


class MlflowException(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What was expected, what came, and the next step.
    error_code : str or int, optional
        Replaces the class's own code; for codes of a foreign server that no class stands for. A number
        is one of MLflow's `ErrorCode`; an unknown one counts as an internal error.
    details
        Further entries of `serialize_as_json`.

    Attributes
    ----------
    message : str
    error_code : str
    """

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, error_code: str | int | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        if isinstance(error_code, int):
            known = error_code in ErrorCode._value2member_map_
            error_code = ErrorCode(error_code).name if known else MlflowException.code
        self.error_code = error_code or self.code
        self._details = details

    def get_http_status_code(self) -> int:
        """Return the HTTP status that a server answers with."""
        return HTTP_STATUS.get(self.error_code, 500)

    def serialize_as_json(self) -> str:
        """Return the code, the message and the details as a JSON object, as a server sends them."""
        return json.dumps({"error_code": self.error_code, "message": self.message} | self._details)

    @classmethod
    def invalid_parameter_value(cls, message: str) -> InvalidInput:
        """Return the error for a wrong value, to raise."""
        return InvalidInput(message)


class InvalidInput(MlflowException):
    """A value given by the caller is wrong."""

    code = "INVALID_PARAMETER_VALUE"


class SignatureMismatch(InvalidInput):
    """Rows do not fit the model's signature; the message names every fault at once."""


class NotFound(MlflowException):
    """The thing asked for does not exist."""

    code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExists(MlflowException):
    """The name is taken."""

    code = "RESOURCE_ALREADY_EXISTS"


class Conflict(MlflowException):
    """The present state forbids it, for example a version in Production that is to be deleted."""

    code = "INVALID_STATE"


class PayloadTooLarge(MlflowException):
    """A request body is larger than the configured limit."""

    code = "REQUEST_TOO_LARGE"


class UnsupportedMediaType(MlflowException):
    """A request body has a content type nobody here reads."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class Unauthenticated(MlflowException):
    """The request does not say who asks, or not truly."""

    code = "UNAUTHENTICATED"


class PermissionDenied(MlflowException):
    """Who asks may not do this, or not from there."""

    code = "PERMISSION_DENIED"


class TooManyRequests(MlflowException):
    """One caller has asked too often; the same request may succeed after a while."""

    code = "REQUEST_LIMIT_EXCEEDED"


class Unavailable(MlflowException):
    """A database, server or worker cannot answer now; the same request may succeed later."""

    code = "TEMPORARILY_UNAVAILABLE"


class DeadlineExceeded(MlflowException):
    """The time limit of the request has passed."""

    code = "DEADLINE_EXCEEDED"


class ProjectFailed(MlflowException):
    """A project's command has not ended well, or what it needs could not be installed."""


class ModelError(MlflowException):
    """A model, rather than the platform, is the cause."""

    code = "BAD_REQUEST"


class InvalidModel(ModelError):
    """A model folder, its MLmodel file or its data cannot be read."""


class ModelValidationFailed(ModelError):
    """A model misses thresholds of its evaluation; the message names all of them."""


class FlavorUnknown(ModelError):
    """No installed flavor can load the model."""


class RUnavailable(ModelError):
    """R is absent, or the installed rpy2 cannot load it."""


class RCallError(ModelError):
    """R raised a condition while it ran a model.

    Parameters
    ----------
    message : str
        R's own condition message, without the call.
    classes : sequence of str
        Classes of the condition, most specific first.
    """

    def __init__(self, message: str, classes: Sequence[str] = ("error", "condition")) -> None:
        super().__init__(message)
        self.classes = tuple(classes)


class ModelCrashed(ModelError):
    """The process that ran the model ended before it answered."""

    code = "INTERNAL_ERROR"
