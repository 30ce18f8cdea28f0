import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import pycore as mlflow
from pycore.cli.main import main


class Greeting(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [os.environ.get("GREETING"), os.environ.get("NAME"), os.environ.get("HIDDEN")]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=Greeting())
    return tmp_path / "model"


def predict(model: Path, *flags: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("HIDDEN", "secret")
    arguments = ["models", "predict", "-m", str(model), *flags]
    return CliRunner().invoke(main, arguments, input='{"inputs": [1, 2, 3]}')


def test_a_model_sees_the_variables_it_is_given(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--env", "GREETING=hello=x", "--env", "NAME=é", "--install-mlflow"]
    result = predict(model, *flags, monkeypatch=monkeypatch)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"predictions": ["hello=x", "é", None]}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--env", "GREETING"], "'GREETING' is not of the form NAME=VALUE"),
    ],
)
def test_flags_that_cannot_be_used(
    model: Path, flags: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = predict(model, *flags, monkeypatch=monkeypatch)
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
