import json

import pytest
from pycore.protos import databricks_pb2  # type: ignore[import-not-found]  # a path of MLflow

import pycore as mlflow
from pycore import errors
from pycore.error_codes import HTTP_STATUS, ErrorCode
from pycore.errors import InvalidInput, MlflowException


@pytest.mark.parametrize("name", ["RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "INTERNAL_ERROR"])
def test_a_code_is_given_by_name_or_by_number(name: str) -> None:
    number = getattr(databricks_pb2, name)

    assert MlflowException("m", name).error_code == name
    assert MlflowException("m", number).error_code == name
    assert MlflowException("m", error_code=int(number)).error_code == name
    assert databricks_pb2.ErrorCode.Name(number) == name
    assert databricks_pb2.ErrorCode.Value(name) == number


def test_an_error_keeps_further_details_for_its_json() -> None:
    error = MlflowException("m", "BAD_REQUEST", request_id="abc")
    assert json.loads(error.serialize_as_json()) == {
        "error_code": "BAD_REQUEST",
        "message": "m",
        "request_id": "abc",
    }


def test_the_numbers_are_those_of_the_protocol() -> None:
    assert (databricks_pb2.INTERNAL_ERROR, databricks_pb2.RESOURCE_DOES_NOT_EXIST) == (1, 3002)
    with pytest.raises(AttributeError, match="NO_SUCH_CODE"):
        _ = databricks_pb2.NO_SUCH_CODE


def test_an_unknown_number_is_an_internal_error() -> None:
    assert MlflowException("m", 77).error_code == "INTERNAL_ERROR"


def test_a_script_asks_an_error_for_its_status() -> None:
    with pytest.raises(mlflow.exceptions.RestException) as caught:
        raise InvalidInput("m")

    assert caught.value.get_http_status_code() == 400
    assert MlflowException("m", "RESOURCE_CONFLICT").get_http_status_code() == 409
    assert MlflowException("m", "NEVER_HEARD_OF").get_http_status_code() == 500


def test_every_class_has_a_status() -> None:
    ours = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {value.code for value in ours if issubclass(value, MlflowException)}

    assert codes <= set(HTTP_STATUS)
    assert {name for name in HTTP_STATUS if name not in ErrorCode.__members__} == {
        "REQUEST_TOO_LARGE",
        "UNSUPPORTED_MEDIA_TYPE",
    }
