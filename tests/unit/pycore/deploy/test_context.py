from pathlib import Path

import pytest

from pycore.deploy.context import write_context
from pycore.deploy.recipe import ImageOptions
from pycore.errors import InvalidInput


@pytest.fixture
def written(tmp_path: Path):
    """Write the files of an image, and return their folder."""
    folder = tmp_path / "context"
    folder.mkdir()

    def write(source: Path | None, name: str = "iris") -> Path:
        write_context(folder, source, name, ImageOptions())
        return folder

    return write


def requirements(folder: Path) -> list[str]:
    return (folder / "environment" / "requirements.txt").read_text().splitlines()


def test_a_python_model_with_its_environment(model, written) -> None:
    folder = written(model(files={"requirements.txt": "numpy==2.0\nscikit-learn==1.5", "model.pkl": "x"}))
    assert requirements(folder) == ["numpy==2.0", "scikit-learn==1.5"]
    assert (folder / "model_dir" / "iris" / "model.pkl").read_text() == "x"
    assert "--requirement requirements.txt" in (folder / "Dockerfile").read_text()
    assert list((folder / "environment").glob("crateflow-*.whl"))


def test_a_model_that_names_no_packages(model, written) -> None:
    folder = written(model())
    assert not (folder / "environment" / "requirements.txt").exists()
    assert "--requirement" not in (folder / "Dockerfile").read_text()


def test_the_pip_part_of_conda_stands_in(model, written) -> None:
    conda = "dependencies: [python=3.9, pip<=23, {pip: [cloudpickle==2.0]}]"
    assert requirements(written(model(files={"conda.yaml": conda}))) == ["cloudpickle==2.0"]


def test_packages_of_conda_are_refused(model, written) -> None:
    conda = "dependencies: [python=3.9, scikit-learn=0.23, {pip: [cloudpickle]}]"
    with pytest.raises(InvalidInput, match=r"packages of conda, .*: scikit-learn=0\.23\. Say what pip is to"):
        written(model(files={"conda.yaml": conda}))


LISTS = "mlflow==2.9\nMLflow-skinny\ncrateflow[models]==0.1.0\npandas  # for tables\n-e ."


def test_crateflow_and_mlflow_itself_are_left_out(model, written) -> None:
    folder = written(model(files={"requirements.txt": LISTS}))
    assert requirements(folder) == ["MLflow-skinny", "pandas  # for tables", "-e ."]


@pytest.mark.parametrize("loader", ["mlflow.pyfunc.model", "my_own"])
def test_a_users_own_code_keeps_mlflow(model, written, loader: str) -> None:
    folder = model(python_function={"loader_module": loader}, files={"requirements.txt": LISTS})
    assert requirements(written(folder))[0] == "mlflow==2.9"


def test_files_that_requirements_refer_to_come_along(model, written) -> None:
    files = {
        "requirements.txt": "-r more.txt\n--constraint constraints.txt\nwheels/a.whl\n-r no.txt\n-c ../x.txt",
        "more.txt": "-c deep/er.txt",
        "constraints.txt": "numpy<3",
        "deep/er.txt": "",
        "wheels/a.whl": "wheel",
        "other.txt": "",
        "../x.txt": "outside",
    }
    environment = written(model(files=files)) / "environment"
    found = {file.relative_to(environment).as_posix() for file in environment.rglob("*") if file.is_file()}
    expected = {"requirements.txt", "more.txt", "constraints.txt", "deep/er.txt", "wheels/a.whl"}
    assert {name for name in found if not name.startswith("crateflow-")} == expected


def test_everybody_may_read_the_model(model, written) -> None:
    source = model(files={"data/secret.bin": "x"})
    (source / "data").chmod(0o700)
    (source / "data" / "secret.bin").chmod(0o600)
    target = written(source) / "model_dir" / "iris" / "data"
    assert (target.stat().st_mode & 0o777, (target / "secret.bin").stat().st_mode & 0o777) == (0o755, 0o644)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("iris lm", "iris-lm"), ("m-0a", "m-0a"), ("é", "é"), ('a"\nRUN x', "a-RUN-x"), ("..", "model")],
)
def test_names_of_models(model, written, name: str, folder: str) -> None:
    context = written(model(), name)
    assert (context / "model_dir" / folder / "MLmodel").is_file()
    assert f'COPY ["model_dir/{folder}", "/opt/ml/model"]' in (context / "Dockerfile").read_text()


def test_an_image_without_a_model(written) -> None:
    folder = written(None, "")
    assert not (folder / "model_dir").exists()


def test_only_what_is_copied_is_sent_to_the_engine(written) -> None:
    lines = (written(None, "") / ".dockerignore").read_text().splitlines()
    assert lines[:3] == ["*", "!environment", "!model_dir"]
