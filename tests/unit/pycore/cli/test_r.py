import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from processes import CRATEFLOW
from waiting import LIMIT_S

from pycore.cli import r
from pycore.cli.main import main


def test_the_r_package_is_installed_into_a_library(tmp_path: Path) -> None:
    library = tmp_path / "new" / "library"
    installed = subprocess.run(
        [CRATEFLOW, "r", "install", "--library", str(library)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert installed.returncode == 0, installed.stderr

    code = "library(crateflow); cat(dirname(find.package('crateflow')))"
    environment = {**os.environ, "R_LIBS": str(library)}
    found = subprocess.run(
        ["Rscript", "-e", code], capture_output=True, text=True, env=environment, timeout=LIMIT_S
    )
    assert found.stdout == str(library)


def test_a_library_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "library").touch()
    result = CliRunner().invoke(main, ["r", "install", "--library", str(tmp_path / "library")])
    assert (result.exit_code, "is a file" in result.stderr) == (2, True)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "DESCRIPTION").write_text("Package: broken\n")
    monkeypatch.setattr(r, "_PLACES", (tmp_path,))


@pytest.mark.usefixtures("broken")
def test_r_that_cannot_install_it() -> None:
    result = CliRunner().invoke(main, ["r", "install"])
    assert result.exit_code == 1
    assert "R could not install the package; it says why above. The packages that it needs" in result.stderr


def test_an_installation_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r, "_PLACES", (tmp_path,))
    assert "not among the files" in CliRunner().invoke(main, ["r", "install"]).stderr


def test_a_machine_without_r(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(main, ["r", "install"])
    assert (result.exit_code, "R is not in PATH" in result.stderr) == (1, True)
