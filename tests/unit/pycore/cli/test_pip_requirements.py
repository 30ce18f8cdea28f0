from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycore.cli.main import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mine}}")
    (tmp_path / "requirements.txt").write_text("numpy==1.0\npandas>=2")
    return tmp_path


def update(model: Path | str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["models", "update-pip-requirements", "-m", str(model), *arguments])


def test_requirements_are_added_and_removed(model: Path) -> None:
    done = update(model, "add", "NumPy==2.1", "polars")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"Successfully updated the requirements for the model at {model}!\n"
    assert (model / "requirements.txt").read_text().splitlines() == ["pandas>=2", "NumPy==2.1", "polars"]
    update(model, "remove", "pandas", "absent")
    assert (model / "requirements.txt").read_text().splitlines() == ["NumPy==2.1", "polars"]


@pytest.mark.parametrize(
    ("uri", "arguments", "status", "message"),
    [
        (None, ["add", "a b"], 1, "Not a requirement as pip takes them: 'a b'. Expected the like of"),
        (None, ["add"], 2, "Missing argument 'REQUIREMENT...'"),
        (None, ["replace", "numpy"], 2, "'replace' is not one of 'add', 'remove'"),
        ("models:/iris/1", ["add", "numpy"], 1, "is a registered version, which never changes"),
        ("absent", ["add", "numpy"], 1, "There is nothing at 'absent/MLmodel'"),
    ],
)
def test_wrong_arguments(
    model: Path, uri: str | None, arguments: list[str], status: int, message: str
) -> None:
    before = (model / "requirements.txt").read_text()
    done = update(uri or model, *arguments)
    assert (done.exit_code, message in done.stderr) == (status, True), done.stderr
    assert (model / "requirements.txt").read_text() == before
