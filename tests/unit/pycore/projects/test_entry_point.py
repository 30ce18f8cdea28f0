import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.projects.entry_point import EntryPoint

NOWHERE = Path("nowhere")


def entry(command: str, **parameters: object) -> EntryPoint:
    return EntryPoint.parse("main", {"command": command, "parameters": parameters})


def line(entry_point: EntryPoint, **given: str) -> str:
    return entry_point.command_line(entry_point.values(given, NOWHERE, NOWHERE))


def test_values_take_their_places() -> None:
    train = entry(
        "train {alpha} --data={data} {alpha}", alpha={"type": "float", "default": 0.5}, data="string"
    )

    assert line(train, data="a b") == "train 0.5 --data='a b' 0.5"
    assert line(train, data="$(rm -r /)", alpha="1") == "train 1 --data='$(rm -r /)' 1"


def test_braces_that_are_no_places_stay() -> None:
    assert line(entry("awk '{print $1}' {{alpha}} ${{x}}")) == "awk '{print $1}' {alpha} ${x}"


def test_what_is_not_declared_goes_behind(caplog: pytest.LogCaptureFixture) -> None:
    train = entry("train {alpha}", alpha={"default": "1"})

    assert line(train, alpa="2", **{"l1 ratio": ""}) == "train 1 --alpa 2 '--l1 ratio' ''"
    assert "no parameter 'alpa', only alpha (is alpha meant?); it is handed on as --alpa" in caplog.text


def test_a_script_takes_any_parameter_quietly(caplog: pytest.LogCaptureFixture) -> None:
    script = EntryPoint.of_file("train.R")
    assert script
    assert line(script, alpha="2").endswith(" --alpha 2")
    assert not caplog.text


def test_all_missing_values_are_named() -> None:
    with pytest.raises(InvalidInput, match=r"'main' needs values for a, b: give -P a=VALUE -P b=VALUE\."):
        entry("train", a="float", b="path", c={"default": "1"}).values({}, NOWHERE, NOWHERE)


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("train.py", "python3 train.py"),
        ("a b/{x}.sh", "bash 'a b/{x}.sh'"),
        ("train.R", """Rscript -e 'crateflow::mlflow_source("train.R")'"""),
        ("it's.r", """Rscript -e 'crateflow::mlflow_source("it'"'"'s.r")'"""),
    ],
)
def test_a_script_is_an_entry_point(file: str, command: str) -> None:
    script = EntryPoint.of_file(file)
    assert script
    assert line(script) == command


@pytest.mark.parametrize("file", ["main", "train.txt", "Makefile"])
def test_another_file_is_none(file: str) -> None:
    assert EntryPoint.of_file(file) is None


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "'main' must be a mapping with a text command"),
        ("train", "'main' must be a mapping with a text command"),
        ({"command": ["a"]}, "'main' must be a mapping with a text command"),
        ({"command": "a", "parameters": ["b"]}, "parameters of the entry point 'main' must be a mapping"),
        (
            {"command": "a {b}"},
            r"uses \{b\}, which is not among its parameters \(none\).*\{\{b\}\} for braces",
        ),
    ],
)
def test_a_declaration_that_is_wrong(declared: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        EntryPoint.parse("main", declared)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=3))
def test_bash_reads_values_as_they_were_given(values: list[str]) -> None:
    names = [f"p{number}" for number in range(len(values))]
    command = "printf '%s\\0' " + " ".join(f"{{{name}}}" for name in names)
    train = entry(command, **dict.fromkeys(names, "string"))

    text = line(train, **dict(zip(names, values, strict=True)))

    assert shlex.split(text)[2:] == values


def test_bash_itself_reads_hostile_values() -> None:
    values = {"a": "'; exit 7 #", "b": '$HOME `id` \\ "\n*', "c": "-e"}
    train = entry("printf '%s|' {a} {b} {c}", a="string", b="string", c="string")

    done = subprocess.run(["bash", "-c", line(train, **values)], capture_output=True, text=True, check=True)

    assert done.stdout == "".join(f"{value}|" for value in values.values())
