"""What may stand in an address for a version, and which version it means."""

import pytest

from pycore.errors import NotFound
from pycore.gateway.references import find_version


@pytest.fixture
def iris(registry, register):
    """Three versions: 1 in Production, 2 the champion, 3 in Staging."""
    for _ in range(3):
        register("iris")
    registry.model_versions.transition_stage("iris", "1", "Production")
    registry.model_versions.transition_stage("iris", "3", "Staging")
    registry.registered_models.set_alias("iris", "champion", "2")
    return registry


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("1", "1"),
        ("2", "2"),
        ("Production", "1"),
        ("PRODUCTION", "1"),
        ("staging", "3"),
        ("@champion", "2"),
        ("latest", "3"),
        ("Latest", "3"),
    ],
)
def test_a_reference_means_a_version(iris, reference, version):
    assert str(find_version(iris, "iris", reference).version) == version


@pytest.mark.parametrize(
    ("name", "reference", "says"),
    [
        ("iris", "4", "version=4"),
        ("iris", "0", "0"),
        ("iris", "@nobody", "nobody"),
        ("iris", "@", "Expected a version number"),
        ("iris", "Archived", "no version in stage 'Archived'"),
        ("iris", "Live", r"an alias \(@champion\) or latest"),
        ("iris", "²", "Expected a version number"),
        ("rose", "1", "rose"),
        ("rose", "latest", "rose"),
    ],
)
def test_what_means_none_is_not_found(iris, name, reference, says):
    with pytest.raises(NotFound, match=says):
        find_version(iris, name, reference)


def test_a_model_without_versions_has_no_latest(registry):
    registry.registered_models.create("empty")
    with pytest.raises(NotFound, match="no version at all"):
        find_version(registry, "empty", "latest")


def test_a_renamed_model_is_found_by_its_new_name_alone(iris):
    iris.registered_models.rename("iris", "lily")
    assert str(find_version(iris, "lily", "@champion").version) == "2"
    with pytest.raises(NotFound):
        find_version(iris, "iris", "@champion")
