from __future__ import annotations

import pytest

from pycore.entities import LoggedModelStatus
from pycore.errors import InvalidInput
from pycore.wire.logged_models import status_from_arguments
from pycore.wire.request import Arguments


@pytest.mark.parametrize("status", LoggedModelStatus)
def test_a_state_is_given_by_name_or_by_number(status: LoggedModelStatus):
    name = {"FAILED": "LOGGED_MODEL_UPLOAD_FAILED"}.get(status.value, f"LOGGED_MODEL_{status.value}")
    for given in (name, name.lower(), status.to_int(), str(status.to_int())):
        assert status_from_arguments(Arguments({"status": given})) is status


@pytest.mark.parametrize("given", ["READY", "4", 0, "x"])
def test_an_unknown_state_is_refused_with_those_that_exist(given: object):
    with pytest.raises(InvalidInput, match=r"expected one of LOGGED_MODEL_PENDING, .*, got "):
        status_from_arguments(Arguments({"status": given}))
