"""The page of the API: every file it names is there, and nothing else is reached through it."""

import json
import re

import pytest

from pycore.errors import NotFound
from pycore.http import swagger_page as module
from pycore.http.swagger_page import SWAGGER_FILES, swagger_file, swagger_page


def test_the_page_names_files_that_there_are():
    page = swagger_page("Iris & <others>", "docs")
    text = page.body.decode()
    assert "<title>Iris &amp; &lt;others&gt;</title>" in text
    named = re.findall(r'(?:src|href)="docs/([^"]+)"', text)
    assert sorted(named) == sorted(SWAGGER_FILES)
    for name in named:
        document = swagger_file(name, "openapi.json")
        assert document.body
        assert document.content_type.startswith(("text/css", "text/javascript"))


def test_the_page_may_load_nothing_from_elsewhere():
    page = swagger_page("API", "docs")
    assert not re.search(rb"https?://|<script>", page.body)
    assert dict(page.headers)["Content-Security-Policy"].startswith("default-src 'self'")


def test_the_start_script_names_the_description():
    script = swagger_file("start.js", "openapi.json").body.decode()
    options = json.loads(script.removeprefix("SwaggerUIBundle(").rstrip().removesuffix(");"))
    assert options["url"] == "openapi.json"
    # Otherwise the page would send the description to a site on the internet to have it checked.
    assert options["validatorUrl"] is None


@pytest.mark.parametrize("name", ["", "index.html", "../__init__.py", "swagger-ui.js"])
def test_other_files_are_not_found(name):
    with pytest.raises(NotFound):
        swagger_file(name, "openapi.json")


def test_without_the_package_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package")
    with pytest.raises(NotFound, match=r"crateflow\[docs\]"):
        swagger_page("API", "docs")
