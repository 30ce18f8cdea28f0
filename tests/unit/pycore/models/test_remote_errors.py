"""An error raised in a model's process is the same error in the process that asked."""

import json

import pytest

from pycore import errors
from pycore.errors import MlflowException, ModelError, RCallError
from pycore.models.remote_errors import from_plain, to_plain


def classes(root: type[MlflowException]) -> list[type[MlflowException]]:
    return [root, *(deep for child in root.__subclasses__() for deep in classes(child))]


def travel(error: BaseException) -> MlflowException:
    return from_plain(json.loads(json.dumps(to_plain(error))))


@pytest.mark.parametrize("error_class", classes(MlflowException))
def test_every_class_arrives_as_itself(error_class):
    arrived = travel(error_class("the reason"))
    assert type(arrived) is error_class
    assert arrived.message == "the reason"


def test_a_condition_keeps_its_classes():
    arrived = travel(RCallError("no such column", ("my_error", "error", "condition")))
    assert isinstance(arrived, RCallError)
    assert arrived.classes == ("my_error", "error", "condition")


def test_a_foreign_code_is_kept():
    assert travel(MlflowException("no", "PERMISSION_DENIED")).error_code == "PERMISSION_DENIED"
    assert travel(ModelError("no")).error_code == ModelError.code


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("too small"), "ValueError: too small"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (SystemExit(3), "the model tried to end its process: exit(3)"),
        (ValueError("half a pair: \ud800"), "ValueError: half a pair: ?"),
    ],
)
def test_what_a_model_raises_becomes_a_model_error(raised, message):
    arrived = travel(raised)
    assert type(arrived) is ModelError
    assert arrived.message == message


def test_a_class_from_a_newer_process_is_a_model_error():
    assert type(from_plain({"type": "NotYetInvented", "message": "x"})) is ModelError
    assert not hasattr(errors, "NotYetInvented")
