import pytest

from pycore.entities import Stage, VersionNumber
from pycore.errors import InvalidInput


def test_a_version_number_equals_text_and_number():
    version = VersionNumber("3")
    assert version == "3"
    assert version == 3
    assert version != 4
    assert version != True  # noqa: E712  a truth is no version
    assert {version: "found"}["3"] == "found"


@pytest.mark.parametrize("text", ["production", "PRODUCTION", "Production"])
def test_a_stage_is_read_in_any_case(text):
    assert Stage.parse(text) == "Production"


def test_an_unknown_stage_names_the_known_ones():
    with pytest.raises(InvalidInput, match=r"'Production '.*None, Staging, Production, Archived"):
        Stage.parse("Production ")
