import pytest

from pycore.importing.relocation import Relocation


@pytest.fixture
def moved() -> Relocation:
    relocation = Relocation()
    relocation.add("file:///old/1/run/artifacts/", "mlflow-artifacts:/7/run/artifacts")
    relocation.add("s3://bucket/1/run", "/new/run")
    return relocation


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/old/1/run/artifacts", "mlflow-artifacts:/7/run/artifacts"),
        ("file:///old/1/run/artifacts/model/MLmodel", "mlflow-artifacts:/7/run/artifacts/model/MLmodel"),
        ("s3://bucket/1/run/model/", "/new/run/model"),
        ("/old/1/run/artifacts-too", "/old/1/run/artifacts-too"),
        ("s3://bucket/1", "s3://bucket/1"),
        ("runs:/abc/model", "runs:/abc/model"),
        ("", ""),
    ],
)
def test_what_lies_in_a_moved_place_moved_with_it(moved: Relocation, old: str, new: str) -> None:
    assert moved.apply(old) == new
