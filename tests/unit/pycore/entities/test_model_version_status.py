from pycore.entities import ModelVersionStatus


def test_names_and_numbers_are_those_of_the_protocol() -> None:
    assert ModelVersionStatus.from_string("READY") == ModelVersionStatus.READY == 3
    assert ModelVersionStatus.from_string("pending_registration") == 1
    assert ModelVersionStatus.to_string(2) == "FAILED_REGISTRATION"
