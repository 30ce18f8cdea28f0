from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycore.cli.main import main

URI = "postgresql://ada:geheim@db.example/runs"


def report(*options: str, **environment: str | None) -> str:
    environment = {"MLFLOW_TRACKING_URI": URI, "MLFLOW_REGISTRY_URI": None, **environment}
    result = CliRunner().invoke(main, ["doctor", *options], env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_versions_addresses_and_r_are_shown() -> None:
    lines = report().splitlines()
    assert f"crateflow: {version('crateflow')}" in lines
    assert f"sqlalchemy: {version('sqlalchemy')}" in lines
    assert "Tracking: postgresql://ada:***@db.example/runs" in lines
    assert "Registry: postgresql://ada:***@db.example/runs" in lines
    facts = dict(line.partition(": ")[::2] for line in lines)
    assert facts["version"].count(".") == 2
    assert Path(facts["home"]).is_dir()
    assert all(Path(folder).is_dir() for folder in facts["library"].split())
    assert facts["carrier"] == "not installed" or facts["carrier"][0].isdigit()


def test_no_secret_is_shown() -> None:
    text = report(MLFLOW_TRACKING_PASSWORD="geheim", MLFLOW_TRACKING_TOKEN="geheim2", MLFLOW_RUN_ID="abc")
    assert "geheim" not in text
    assert "MLFLOW_TRACKING_PASSWORD: ***\n" in text
    assert "MLFLOW_RUN_ID: abc\n" in text


def test_no_value_is_shown_when_they_are_masked() -> None:
    text = report("--mask-envs", MLFLOW_RUN_ID="abc")
    assert "MLFLOW_RUN_ID: ***\n" in text
    assert "Tracking: ***\n" in text
    assert "db.example" not in text


@pytest.mark.parametrize("password", ["a@b", "p:w", ""])
def test_passwords_of_every_shape_are_masked(password: str) -> None:
    text = report(MLFLOW_TRACKING_URI=f"http://ada:{password}@host:5000/x")
    assert "Tracking: http://ada:***@host:5000/x" in text


def test_a_machine_without_r(tmp_path: Path) -> None:
    text = report(PATH=str(tmp_path), R_HOME=None)
    assert "Rscript: not found: install R" in text


def test_an_r_that_cannot_be_started(tmp_path: Path) -> None:
    assert "fault: it cannot be started" in report(R_HOME=str(tmp_path))


def test_an_r_that_fails(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "Rscript"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho broken library >&2\nexit 2\n")
    program.chmod(0o755)
    assert 'fault: "broken library"' in report(R_HOME=str(tmp_path))
