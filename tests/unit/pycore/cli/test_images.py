"""The verbs that put models into containers; what they write is tested in `deploy`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from model_folders import obedient_model

from pycore.cli.main import main


def crateflow(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["models", *map(str, arguments)])


def test_a_dockerfile_and_what_it_copies(tmp_path: Path) -> None:
    model, target = obedient_model(tmp_path), tmp_path / "image"
    done = crateflow(
        *("generate-dockerfile", "-m", model, "-d", target, "--install-mlflow", "--install-java", "true"),
        *("--base-image", "registry.example.org/python:3.12", "--system-package", "git"),
    )
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"Generating Dockerfile for model {model}",
        f"Generated Dockerfile in directory {target}",
    ]
    text = (target / "Dockerfile").read_text()
    assert "FROM registry.example.org/python:3.12 AS base" in text
    assert {"default-jre-headless", "git"} <= {*text.split()}
    assert (target / "model_dir" / "obedient" / "MLmodel").is_file()


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = crateflow("generate-dockerfile")
    assert done.stderr.splitlines() == [
        "Generating Dockerfile",
        "Generated Dockerfile in directory mlflow-dockerfile",
    ]
    assert (tmp_path / "mlflow-dockerfile" / "Dockerfile").is_file()


def test_a_machine_without_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = crateflow("build-docker", "-m", tmp_path / "absent")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("Error: There is no 'docker' on the PATH")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["generate-dockerfile", "-m", "absent"], 1, "There is nothing at 'absent'"),
        (["generate-dockerfile", "--env-manager", "conda"], 1, "no environment manager 'conda' for images"),
        (["generate-dockerfile", "--mlflow-home", "absent"], 2, "Directory 'absent' does not exist"),
        (["build-docker", "--engine", "kaniko"], 2, "'kaniko' is not one of"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = crateflow(*arguments)
    assert (done.exit_code, message in done.stderr) == (status, True), done.stderr
    assert list(tmp_path.iterdir()) == []
