"""Models that run with other Python packages than the command itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from model_folders import write_model_with_package

from pycore.cli.main import main


@pytest.fixture(autouse=True)
def envs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where environments are kept; nothing comes from an index."""
    monkeypatch.setenv("MLFLOW_ENV_ROOT", str(tmp_path / "envs"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return tmp_path / "envs"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that answers with the version of a package, which two wheels have."""
    return write_model_with_package(tmp_path / "model", tmp_path / "wheels")


def crateflow(verb: str, model: Path, *flags: str) -> Result:
    arguments = ["models", verb, "-m", str(model), *flags]
    return CliRunner().invoke(main, arguments, input='{"inputs": {"x": [1.0]}}')


def predicted(done: Result) -> object:
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_virtual_environment_has_the_packages_of_the_model(model: Path, envs: Path) -> None:
    assert "No module named 'irises'" in crateflow("predict", model).stderr
    assert predicted(crateflow("predict", model, "--env-manager", "virtualenv")) == {"predictions": ["1.0"]}

    prepared = crateflow("prepare-env", model, "--install-mlflow")
    name, _, folder = prepared.stdout.strip().partition("=")
    assert (name, "Making" in prepared.stderr) == ("PYTHONPATH", False)
    # What runs here is there already, and is not installed once more.
    installed = {file.name for file in Path(folder).iterdir()}
    assert (Path(folder).is_relative_to(envs), "irises.py" in installed, "numpy" in installed) == (
        True,
        True,
        False,
    )


def test_requirements_may_be_overridden(model: Path) -> None:
    done = crateflow("predict", model, "-r", "irises==2.0, numpy")
    assert predicted(done) == {"predictions": ["2.0"]}


def test_packages_that_cannot_be_had(model: Path) -> None:
    done = crateflow("predict", model, "-r", "no-such-package-at-all==1.0")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: The packages of the model cannot be installed: ")
    assert "no-such-package-at-all==1.0" in done.stderr


def test_a_model_that_names_no_packages(model: Path) -> None:
    (model / "requirements.txt").unlink()
    assert crateflow("prepare-env", model).stdout == ""


@pytest.mark.parametrize(
    ("verb", "flags", "message"),
    [
        ("predict", ["--env-manager", "library"], "A library is for R models, and this one has the flavors"),
        ("predict", ["--env-manager", "uv"], "no environment manager 'uv' here, only local, library, virt"),
        ("predict", ["--env-manager", "conda"], "virtualenv installs what pip can of a conda.yaml"),
        ("prepare-env", ["--env-manager", "uv"], "'uv' is not one of"),
    ],
)
def test_what_a_model_cannot_run_in(model: Path, verb: str, flags: list[str], message: str) -> None:
    done = crateflow(verb, model, *flags)
    assert (done.exit_code in (1, 2), message in done.stderr) == (True, True), done.stderr


def test_r_models_have_no_python_packages(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {crate: {version: 0.1.0, model: crate.bin}}")
    done = crateflow("predict", tmp_path, "-r", "numpy==1.0")
    assert "are for Python models; this one is of R" in done.stderr
