import os
import re
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import AlreadyExists, InvalidInput, InvalidModel, MlflowException, Unavailable


def test_the_engine_gets_the_files_and_the_name(model, engine, capfd: pytest.CaptureFixture[str]) -> None:
    engine.install(says="Step 1 of many")
    mlflow.models.build_docker(model(), name="team/iris:2")
    [build] = engine.builds()
    assert build["arguments"] == ["build", "--tag", "team/iris:2", "."]
    assert {"Dockerfile", ".dockerignore", "model_dir/model/MLmodel"} <= {*build["files"]}
    assert not Path(build["folder"]).exists()
    assert capfd.readouterr().err == ("Building docker image with name team/iris:2\nStep 1 of many\n")


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_other_engines_make_images_with_health_checks(model, engine, name: str) -> None:
    engine.install(name)
    mlflow.models.build_docker(model(), engine=name)
    assert engine.builds()[0]["arguments"] == ["build", "--tag", "mlflow-pyfunc", "--format", "docker", "."]


def test_where_pip_finds_packages_is_handed_on(model, engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@pypi.example.org/simple")
    engine.install()
    mlflow.models.build_docker(model())
    # By name: what `ps` shows holds no password.
    assert engine.builds()[0]["arguments"][3:5] == ["--build-arg", "PIP_INDEX_URL"]


def test_no_engine(model, engine) -> None:
    with pytest.raises(Unavailable, match=r"no 'docker' on the PATH.*podman, buildah.*generate-dockerfile"):
        mlflow.models.build_docker(model())


def test_an_engine_that_does_not_run(model, engine) -> None:
    engine.install(says="Cannot connect to the Docker daemon.", info=1)
    with pytest.raises(Unavailable, match=r"docker cannot build images now: Cannot connect to the Docker"):
        mlflow.models.build_docker(model())
    assert engine.builds() == []


def test_an_engine_that_is_no_program(model, engine) -> None:
    engine.install()
    program = Path(os.environ["PATH"]) / "docker"
    program.write_text("nonsense")
    with pytest.raises(Unavailable, match="docker does not answer"):
        mlflow.models.build_docker(model())


def test_a_build_that_fails(model, engine) -> None:
    engine.install(build=17)
    with pytest.raises(MlflowException, match=r"docker could not build the image \(exit status 17\)"):
        mlflow.models.build_docker(model())
    assert not Path(engine.builds()[0]["folder"]).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "kaniko"}, "engine must be one of docker, podman, buildah, not 'kaniko'"),
        ({"enable_mlserver": True}, "enable_mlserver is not supported"),
        ({"env_manager": "uv"}, "no environment manager 'uv' for images"),
    ],
)
def test_arguments_that_cannot_be_used(model, engine, arguments, message: str) -> None:
    engine.install()
    with pytest.raises(InvalidInput, match=re.escape(message)):
        mlflow.models.build_docker(model(), **arguments)


def test_the_same_files_without_an_engine(model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = model("iris"), tmp_path / "out" / "put"
    mlflow.models.generate_dockerfile(source, target)
    assert sorted(file.name for file in target.iterdir()) == [
        ".dockerignore",
        "Dockerfile",
        "environment",
        "model_dir",
    ]
    assert capsys.readouterr().err.splitlines() == [
        f"Generating Dockerfile for model {source}",
        f"Generated Dockerfile in directory {target}",
    ]


def test_a_folder_that_holds_something_is_left_alone(model, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    with pytest.raises(AlreadyExists, match="kept exists and is not empty"):
        mlflow.models.generate_dockerfile(model(), tmp_path / "kept")
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["file"]


def test_nothing_half_made_stays(tmp_path: Path) -> None:
    (tmp_path / "no-model").mkdir()
    with pytest.raises(InvalidModel):
        mlflow.models.generate_dockerfile(tmp_path / "no-model", tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["no-model"]
