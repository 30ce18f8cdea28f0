"""Every function of the R package is documented where users look, and tried against a real server."""

import re
from pathlib import Path

import pytest
import yaml

PACKAGE = Path(__file__).parents[2] / "r-package"
EXPORTS = re.findall(r"^export\((\w+)\)$", (PACKAGE / "NAMESPACE").read_text(), re.MULTILINE)
SITE = yaml.safe_load((PACKAGE / "_pkgdown.yml").read_text())
INDEX = {topic for section in SITE["reference"] for topic in section["contents"]}
SERVER_START = re.compile(r"\b(local_tracking|local_scoring|mlflow_server|mlflow_models_serve)\(")


def aliases(page: Path) -> set[str]:
    return set(re.findall(r"^\\alias\{([^}]+)\}$", page.read_text(), re.MULTILINE))


PAGES = {page.stem: aliases(page) for page in (PACKAGE / "man").glob("*.Rd")}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_function_is_in_the_reference_index(name):
    assert any(name in names and topic in INDEX for topic, names in PAGES.items()), "add it to _pkgdown.yml"


def test_every_topic_of_the_index_has_a_page():
    assert not INDEX - PAGES.keys()


def test_every_vignette_is_in_the_index():
    vignettes = {page.stem for page in (PACKAGE / "vignettes").glob("*.Rmd")}
    listed = {name for section in SITE["articles"] for name in section["contents"]}
    # The one named as the package is its introduction, which pkgdown links by itself.
    assert vignettes - {"crateflow"} == listed


TESTS = [
    test
    for page in (PACKAGE / "tests" / "testthat").glob("test-*.R")
    for test in re.split(r"^test_that\(", page.read_text(), flags=re.MULTILINE)[1:]
]
SOURCE = "\n".join(page.read_text() for page in (PACKAGE / "R").glob("*.R"))


def asks_a_server(name: str) -> bool:
    body = re.search(rf"^{name} <- .*?(?=^\S+ <- |\Z)", SOURCE, re.MULTILINE | re.DOTALL)
    return body is not None and ("as_client" in body[0] or "request_build" in body[0])


@pytest.mark.parametrize("name", EXPORTS)
def test_every_function_is_tried_with_a_real_server_if_it_asks_one(name):
    call = re.compile(rf"\b{name}\(")
    tried = [test for test in TESTS if call.search(test)]
    assert any(SERVER_START.search(test) or not asks_a_server(name) for test in tried), "write a test of it"
