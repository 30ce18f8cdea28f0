import json
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution, distribution
from pathlib import Path

import pytest

from pycore.deploy import distribution as module
from pycore.deploy.distribution import provide
from pycore.errors import InvalidInput, MlflowException

VERSION = distribution("crateflow").version

#: A build backend that needs nothing from anywhere.
BACKEND = """
import zipfile

FILES = {{
    "METADATA": "Metadata-Version: 2.1\\nName: {name}\\nVersion: 9.9\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}}


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{{folder}}/{name}-9.9-py3-none-any.whl", "w") as wheel:
        for file, text in FILES.items():
            wheel.writestr(f"{name}-9.9.dist-info/{{file}}", text)
    return "{name}-9.9-py3-none-any.whl"
"""


def source_tree(folder: Path, backend: str) -> Path:
    folder.mkdir()
    (folder / "backend.py").write_text(backend)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return folder


def test_what_runs_here_becomes_a_wheel_that_pip_installs(tmp_path: Path) -> None:
    asked = provide(tmp_path)
    assert asked == f"./crateflow-{VERSION}-py3-none-any.whl"

    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*pip, asked], cwd=tmp_path, check=True, capture_output=True)
    code = (
        "import pycore.cli.main, rbridge; from importlib.metadata import distribution as d;"
        "print(pycore.__file__, rbridge.__file__, d('crateflow').version, len(d('crateflow').entry_points))"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert all(Path(file).is_relative_to(target) for file in found[:2])
    assert found[2:] == [VERSION, str(len(distribution("crateflow").entry_points))]
    assert (target / "rbridge" / "install.R").is_file()


def test_the_same_files_make_the_same_wheel(tmp_path: Path) -> None:
    wheels = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        wheels.append((tmp_path / name / provide(tmp_path / name)).read_bytes())
    assert wheels[0] == wheels[1]


def test_no_compiled_files_are_in_the_wheel(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / provide(tmp_path)) as wheel:
        assert not [name for name in wheel.namelist() if "__pycache__" in name]


def test_what_came_from_an_index_is_taken_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "crateflow-1.2.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: crateflow\nVersion: 1.2\n")
    monkeypatch.setattr(module, "distribution", lambda _: PathDistribution(installed))
    assert provide(tmp_path) == "crateflow==1.2"
    (installed / "direct_url.json").write_text(json.dumps({"url": "file:///src", "dir_info": {}}))
    assert provide(tmp_path) == "./crateflow-1.2-py3-none-any.whl"


def test_a_source_tree_is_built(tmp_path: Path) -> None:
    source = source_tree(tmp_path / "source", BACKEND.format(name="crateflow"))
    assert provide(tmp_path, source) == "./crateflow-9.9-py3-none-any.whl"
    assert (tmp_path / "crateflow-9.9-py3-none-any.whl").is_file()


def test_the_source_of_something_else(tmp_path: Path) -> None:
    source = source_tree(tmp_path / "source", BACKEND.format(name="other"))
    with pytest.raises(InvalidInput, match="is the source of something else"):
        provide(tmp_path, source)


def test_a_source_that_cannot_be_built(tmp_path: Path) -> None:
    source = source_tree(tmp_path / "source", "raise RuntimeError('no compiler')")
    with pytest.raises(MlflowException, match=r"(?s)pip cannot build a wheel from .*source: .*no compiler"):
        provide(tmp_path, source)


def test_a_folder_without_source(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds no source of Crateflow: there is no pyproject\.toml"):
        provide(tmp_path, tmp_path)
