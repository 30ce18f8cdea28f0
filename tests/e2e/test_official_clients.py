"""Clients that others wrote, or that speak as those do, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from official_clients import SKINNY_VERSIONS, official_python, run_official
from processes import tracking_server
from r_scripts import rscript

HERE = Path(__file__).parent


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with tracking_server(tmp_path) as server:
        yield server.url


@pytest.mark.parametrize("version", SKINNY_VERSIONS)
def test_the_official_python_client_works_unchanged(version: str, url: str) -> None:
    printed = run_official(official_python(version), HERE / "official_session.py", url)

    assert printed.splitlines()[-1] == f"session complete {version}"


def test_the_wire_dialect_of_the_official_r_client_is_understood(url: str) -> None:
    assert rscript(HERE / "r" / "wire_dialect.R", url) == "session complete\n"
