from __future__ import annotations

import pytest

from pycore import errors
from pycore.error_codes import HTTP_STATUS
from pycore.errors import InvalidInput, MlflowException, NotFound, RCallError
from pycore.wire import errors as wire
from pycore.wire.encoding import dumps


def family(error_class: type[MlflowException]) -> list[type[MlflowException]]:
    return [error_class, *(d for child in error_class.__subclasses__() for d in family(child))]


EXPECTED = {
    "MlflowException": ("INTERNAL_ERROR", 500),
    "InvalidInput": ("INVALID_PARAMETER_VALUE", 400),
    "SignatureMismatch": ("INVALID_PARAMETER_VALUE", 400),
    "NotFound": ("RESOURCE_DOES_NOT_EXIST", 404),
    "AlreadyExists": ("RESOURCE_ALREADY_EXISTS", 400),
    "Conflict": ("INVALID_STATE", 400),
    "PayloadTooLarge": ("REQUEST_TOO_LARGE", 413),
    "UnsupportedMediaType": ("UNSUPPORTED_MEDIA_TYPE", 415),
    "Unauthenticated": ("UNAUTHENTICATED", 401),
    "PermissionDenied": ("PERMISSION_DENIED", 403),
    "TooManyRequests": ("REQUEST_LIMIT_EXCEEDED", 429),
    "Unavailable": ("TEMPORARILY_UNAVAILABLE", 503),
    "DeadlineExceeded": ("DEADLINE_EXCEEDED", 504),
    "ProjectFailed": ("INTERNAL_ERROR", 500),
    "ModelError": ("BAD_REQUEST", 400),
    "InvalidModel": ("BAD_REQUEST", 400),
    "FlavorUnknown": ("BAD_REQUEST", 400),
    "ModelValidationFailed": ("BAD_REQUEST", 400),
    "RUnavailable": ("BAD_REQUEST", 400),
    "RCallError": ("BAD_REQUEST", 400),
    "ModelCrashed": ("INTERNAL_ERROR", 500),
}


def test_every_class_has_one_code_and_one_status():
    ours = [c for c in family(MlflowException) if c.__module__ == errors.__name__]
    assert {c.__name__: (c.code, c("m").get_http_status_code()) for c in ours} == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_a_reply_turns_back_into_the_code_it_was_made_of(name):
    error = getattr(errors, name)("what happened")
    body, status = wire.to_json(error)
    back = wire.from_reply(dumps(body), status)
    assert (back.error_code, back.message) == (error.error_code, "what happened")
    assert back.get_http_status_code() == status


@pytest.mark.parametrize("error_class", list(wire.CLASS_OF_CODE.values()))
def test_a_class_with_its_own_code_comes_back_as_itself(error_class):
    assert type(wire.from_reply(*_reply(error_class("m")))) is error_class


def test_a_body_has_code_and_message_and_nothing_else():
    assert wire.to_json(RCallError("object 'x' not found")) == (
        {"error_code": "BAD_REQUEST", "message": "object 'x' not found"},
        400,
    )


@pytest.mark.parametrize(
    ("code", "status"), [item for item in HTTP_STATUS.items() if item[0] not in wire.CLASS_OF_CODE]
)
def test_a_foreign_code_keeps_its_status(code, status):
    back = wire.from_reply(*_reply(MlflowException("m", code)))
    assert type(back) is MlflowException
    assert (back.error_code, back.get_http_status_code()) == (code, status)


def test_an_unknown_code_is_kept():
    back = wire.from_reply(b'{"error_code": "DATA_LOSS", "message": "m"}', 500)
    assert (type(back), back.error_code, back.message) == (MlflowException, "DATA_LOSS", "m")
    assert back.get_http_status_code() == 500


@pytest.mark.parametrize(
    ("status", "code", "error_class"),
    [
        (400, "INVALID_PARAMETER_VALUE", InvalidInput),
        (401, "UNAUTHENTICATED", errors.Unauthenticated),
        (403, "PERMISSION_DENIED", errors.PermissionDenied),
        (404, "ENDPOINT_NOT_FOUND", MlflowException),
        (413, "REQUEST_TOO_LARGE", errors.PayloadTooLarge),
        (500, "INTERNAL_ERROR", MlflowException),
        (502, "INTERNAL_ERROR", MlflowException),
        (503, "TEMPORARILY_UNAVAILABLE", errors.Unavailable),
    ],
)
@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b"[]", b"{}", b'{"error_code": 5}', b"\xff"])
def test_a_body_that_is_not_ours_counts_by_its_status(status, code, error_class, body):
    back = wire.from_reply(body, status)
    assert (type(back), back.error_code) == (error_class, code)
    assert str(status) in back.message


def test_a_missing_page_is_not_a_missing_resource():
    assert not isinstance(wire.from_reply(b"<h1>Not Found</h1>", 404), NotFound)


def _reply(error: MlflowException) -> tuple[bytes, int]:
    body, status = wire.to_json(error)
    return dumps(body), status
