import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, ProjectFailed
from pycore.projects import environment
from pycore.projects.environment import PythonEnv
from pycore.projects.project import Project

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(autouse=True)
def envs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLFLOW_ENV_ROOT", str(tmp_path / "envs"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "envs"


def write_wheel(folder: Path, version: str) -> str:
    """Write a wheel of a module `irises`, and return its name."""
    name = f"irises-{version}-py3-none-any.whl"
    info = f"irises-{version}.dist-info"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("irises.py", f"version = '{version}'")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: irises\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name


def python(variables: dict[str, str], code: str) -> str:
    command = ["/usr/bin/env", "python", "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


def test_a_python_env_is_read(folder: Path) -> None:
    file = folder / "python_env.yaml"
    file.write_text(
        "python: 3.11.4\nbuild_dependencies: [pip, wheel==0.40]\ndependencies: [-r requirements.txt]"
    )
    assert PythonEnv.read(file) == PythonEnv("3.11.4", ("pip", "wheel==0.40"), ("-r requirements.txt",))
    file.write_text("")
    assert PythonEnv.read(file) == PythonEnv()


def test_the_pip_part_of_a_conda_env_is_read(folder: Path) -> None:
    file = folder / "conda.yaml"
    file.write_text(
        "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.*\n- pip<=24\n- pip: [irises==1]"
    )
    assert PythonEnv.read(file) == PythonEnv("3.11", (), ("irises==1",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ndependencies: [python=3.11, numpy=1.2, r-base]", "packages of conda.*: numpy=1.2, r-base"),
        ("- a", "must be a YAML mapping"),
        ("a: [", "cannot be read"),
        ("dependencies: numpy", "dependencies must be a list, not 'numpy'"),
    ],
)
def test_an_environment_that_cannot_be_made(folder: Path, text: str, message: str) -> None:
    (folder / "env.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        PythonEnv.read(folder / "env.yaml")


def test_the_running_python_comes_first(folder: Path) -> None:
    variables = environment.variables("local", Project.read(folder))
    assert python(variables, "import sys; print(sys.executable)") == str(
        Path(sys.executable).parent / "python"
    )


def test_an_unknown_manager(folder: Path) -> None:
    with pytest.raises(
        InvalidInput, match="no environment manager 'conda' here: expected one of local, virtual"
    ):
        environment.variables("conda", Project.read(folder))


def test_a_virtual_environment_is_made_once_for_the_same_demands(
    folder: Path, envs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "requirements.txt").write_text(f"# the data\n./{write_wheel(folder, '1.0')}\n")
    (folder / "python_env.yaml").write_text(f"python: '{HERE}'\ndependencies: [-r requirements.txt]")

    first = environment.variables("virtualenv", Project.read(folder))
    said = capsys.readouterr().err
    again = environment.variables("virtualenv", Project.read(folder))

    assert python(first, "import irises; print(irises.version)") == "1.0"
    assert python(first, "import sys; print(sys.prefix)") == first["VIRTUAL_ENV"]
    assert said == f"=== Making the virtual environment {first['VIRTUAL_ENV']} ===\n"
    assert again == first
    assert capsys.readouterr().err == ""

    (folder / "check.py").write_text("import irises\nassert irises.version == '1.0'")
    submitted = mlflow.run(str(folder), "check.py", env_manager="virtualenv")
    assert mlflow.get_run(submitted.run_id).data.tags["mlflow.project.env"] == "virtualenv"

    (folder / "requirements.txt").write_text(f"./{write_wheel(folder, '2.0')}\n")
    other = environment.variables("virtualenv", Project.read(folder))
    assert python(other, "import irises; print(irises.version)") == "2.0"
    assert python(first, "import irises; print(irises.version)") == "1.0"


def test_what_pip_says_of_a_failure_is_told_and_nothing_is_left(folder: Path, envs: Path) -> None:
    (folder / "python_env.yaml").write_text("dependencies: [no-such-package-at-all==1.0]")
    for _ in range(2):
        with pytest.raises(ProjectFailed, match=r"no-such-package-at-all==1.0' ended with status 1: "):
            environment.variables("virtualenv", Project.read(folder))


def test_a_python_that_is_not_here(folder: Path) -> None:
    (folder / "python_env.yaml").write_text("python: 2.6.1")
    with pytest.raises(
        InvalidInput, match=r"asks for Python 2.6.1, and there is no python2.6 in PATH: .*local"
    ):
        environment.variables("virtualenv", Project.read(folder))


def test_requirements_that_are_not_there(folder: Path) -> None:
    (folder / "python_env.yaml").write_text("dependencies: [-r nothing.txt]")
    with pytest.raises(InvalidInput, match=r"The requirements file .*nothing.txt cannot be read"):
        environment.variables("virtualenv", Project.read(folder))
