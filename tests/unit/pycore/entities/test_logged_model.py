import json

import pytest

from pycore.entities import LoggedModelStatus


def test_a_status_is_the_text_of_mlflow():
    assert [status.value for status in LoggedModelStatus] == ["PENDING", "READY", "FAILED"]
    assert LoggedModelStatus("READY") == "READY" == str(LoggedModelStatus.READY)
    assert json.dumps([LoggedModelStatus.FAILED]) == '["FAILED"]'


def test_the_wire_protocol_has_numbers_and_a_longer_name():
    assert [status.to_proto() for status in LoggedModelStatus] == [1, 2, 3]
    assert [LoggedModelStatus.from_proto(number).to_int() for number in (1, 2, 3)] == [1, 2, 3]
    assert [status.protocol_name for status in LoggedModelStatus] == ["PENDING", "READY", "UPLOAD_FAILED"]
    assert LoggedModelStatus["UPLOAD_FAILED"] is LoggedModelStatus.FAILED
    with pytest.raises(ValueError, match="4 is not the number of a LoggedModelStatus; those are 1 to 3"):
        LoggedModelStatus.from_int(4)


def test_a_settled_status_is_told_from_a_pending_one():
    assert not LoggedModelStatus.is_finalized("PENDING")
    assert LoggedModelStatus.is_finalized(LoggedModelStatus.FAILED)
