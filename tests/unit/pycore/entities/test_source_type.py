from pycore.entities import SourceType


def test_names_and_numbers_are_those_of_mlflow() -> None:
    assert SourceType.from_string("PROJECT") == 3
    assert SourceType.to_string(4) == "LOCAL"
