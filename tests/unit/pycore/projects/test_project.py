from pathlib import Path

import pytest

from pycore.errors import InvalidInput, NotFound
from pycore.projects.project import Project

FILE = """
name: irises
python_env: env/python.yaml
entry_points:
  main: {command: "python train.py"}
  check:
    parameters: {rows: int}
    command: "python check.py {rows}"
"""


def test_a_project_is_read(folder: Path) -> None:
    (folder / "env").mkdir()
    (folder / "env" / "python.yaml").touch()
    (folder / "MLproject").write_text(FILE)

    project = Project.read(folder)

    assert (project.name, list(project.entry_points)) == ("irises", ["main", "check"])
    assert project.environment == folder / "env" / "python.yaml"
    assert project.entry_point("check").parameters[0].type == "int"


def test_the_name_of_the_file_is_taken_in_any_case(folder: Path) -> None:
    (folder / "mlproject").write_text("name: 7")
    assert Project.read(folder).name == "7"


@pytest.mark.parametrize("text", [None, "", "name: x\nentry_points:\n"])
def test_a_folder_of_scripts_is_a_project(folder: Path, text: str | None) -> None:
    if text is not None:
        (folder / "MLproject").write_text(text)
    (folder / "sub").mkdir()
    (folder / "sub" / "train.R").touch()
    assert Project.read(folder).entry_point("sub/train.R").name == "sub/train.R"


@pytest.mark.parametrize(("present", "found"), [(["conda.yaml"], "conda.yaml"), ([], None)])
def test_an_environment_is_found_by_its_name(folder: Path, present: list[str], found: str | None) -> None:
    for name in present:
        (folder / name).touch()
    assert Project.read(folder).environment == (folder / found if found else None)


def test_an_entry_point_that_is_not_there(folder: Path) -> None:
    (folder / "MLproject").write_text("entry_points: {fit: {command: a}}")
    for name in ("train.R", "notes.txt", "clean.sh"):
        (folder / name).touch()

    with pytest.raises(NotFound, match=r"no entry point 'main': .* It has fit, clean.sh, train.R\.$"):
        Project.read(folder).entry_point("main")
    with pytest.raises(NotFound, match=r"no entry point 'nothing.py'"):
        Project.read(folder).entry_point("nothing.py")


def test_an_empty_folder(folder: Path) -> None:
    with pytest.raises(NotFound, match=r"It has nothing that can be run\.$"):
        Project.read(folder).entry_point("main")


@pytest.mark.parametrize("name", ["../outside.py", "/tmp/outside.sh"])
def test_a_script_outside_of_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="leads outside of the project"):
        Project.read(folder).entry_point(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "MLproject cannot be read"),
        ("- a", "MLproject must be a YAML mapping"),
        ("entry_points: [a]", r"entry_points must be a mapping, not \['a'\]"),
        ("docker_env: {image: x}", "runs in Docker"),
        ("python_env: none.yaml", "names the python_env 'none.yaml', but there is no such file"),
        ("conda_env: ../conda.yaml", "leads outside of the project"),
        ("\x80", "MLproject cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used(folder: Path, text: str, message: str) -> None:
    (folder / "MLproject").write_text(text, encoding="latin-1")
    with pytest.raises(InvalidInput, match=message):
        Project.read(folder)
