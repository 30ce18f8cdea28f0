import sys

import pytest

from pycore.deploy.recipe import ImageOptions, recipe_for, recipe_for_any
from pycore.errors import FlavorUnknown, InvalidInput, InvalidModel
from pycore.flavors import sklearn, spark
from pycore.models import registry

HERE = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


@pytest.mark.parametrize(
    ("files", "image"),
    [
        ({}, HERE),
        ({"python_env.yaml": "python: 3.12.4"}, "python:3.12-slim"),
        ({"python_env.yaml": "python: '3.13'"}, "python:3.13-slim"),
        ({"python_env.yaml": "dependencies: []"}, HERE),
    ],
)
def test_a_python_model_starts_from_the_python_it_was_saved_with(model, files, image) -> None:
    recipe = recipe_for(model(files=files), ImageOptions())
    assert (recipe.base_image, recipe.extras, recipe.needs.packages) == (image, "models", ())


def test_the_python_of_mlmodel_counts_where_no_file_says_it(model) -> None:
    section = {"loader_module": "mlflow.sklearn", "python_version": "3.10.12"}
    assert recipe_for(model(sklearn={}, python_function=section), ImageOptions()).base_image == (
        "python:3.10-slim"
    )


@pytest.mark.parametrize("python", ["3.11\nRUN curl x | sh", "latest", "3"])
def test_a_python_that_is_no_version_is_refused(model, python) -> None:
    section = {"loader_module": "mlflow.sklearn", "python_version": python}
    with pytest.raises(InvalidModel, match=r"saved with Python .*expected a version such as 3\.11\.4"):
        recipe_for(model(sklearn={}, python_function=section), ImageOptions())


def test_an_environment_file_that_cannot_be_read(model) -> None:
    with pytest.raises(InvalidModel, match=r"python_env\.yaml cannot be read"):
        recipe_for(model(files={"python_env.yaml": "python: ["}), ImageOptions())


def test_a_loader_of_its_own_needs_nothing_special(model) -> None:
    recipe = recipe_for(model(python_function={"loader_module": "mine"}), ImageOptions())
    assert (recipe.base_image, recipe.extras) == (HERE, "models")


def test_a_model_of_an_unknown_library(model) -> None:
    with pytest.raises(FlavorUnknown, match="'fastai'"):
        recipe_for(model(fastai={}, python_function={"loader_module": "mlflow.fastai"}), ImageOptions())


def test_a_library_that_needs_a_system_package(model) -> None:
    folder = model(lightgbm={}, python_function={"loader_module": "mlflow.lightgbm"})
    assert recipe_for(folder, ImageOptions()).needs.packages == ("libgomp1",)


@pytest.mark.parametrize(
    ("flavor", "wish", "java"),
    [
        (spark.FLAVOR, None, True),
        (spark.FLAVOR, False, False),
        (sklearn.FLAVOR, None, False),
        (sklearn.FLAVOR, True, True),
    ],
)
def test_java_is_for_models_of_spark_and_whoever_asks(model, monkeypatch, flavor, wish, java) -> None:
    monkeypatch.setattr(registry, "find", lambda _: flavor)
    packages = recipe_for(model(), ImageOptions(install_java=wish)).needs.packages
    assert ("default-jre-headless" in packages) == java


def test_wishes_win(model) -> None:
    options = ImageOptions(base_image="mine:1", system_packages=("git", "curl"))
    recipe = recipe_for(model(), options)
    assert (recipe.base_image, recipe.needs.packages) == ("mine:1", ("git", "curl"))


def test_an_image_for_any_model_has_r_python_and_what_builds_packages() -> None:
    recipe = recipe_for_any(ImageOptions(system_packages=("git",)))
    assert recipe.base_image == "debian:bookworm-slim"
    assert set(recipe.extras.split(",")) == {"models", "r"}
    assert {"r-base-core", "r-base-dev", "python3-venv", "libgomp1", "git"} <= {*recipe.needs.packages}
    assert "default-jre-headless" not in recipe.needs.packages


def test_an_unknown_environment_manager() -> None:
    with pytest.raises(InvalidInput, match="no environment manager 'conda' for images, only local, library"):
        ImageOptions(env_manager="conda")
