import os
from pathlib import Path

import pytest
from click import BadParameter
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pycore.cli.env_file import read
from pycore.cli.main import main

TEXT = """
# the team's server
MLFLOW_TRACKING_URI=http://127.0.0.1:5000   # not mine
export  MLFLOW_EXPERIMENT_NAME = iris #1
EMPTY=
HASH=a#b
SINGLE='a "b" \\n # c'
DOUBLE="a 'b'\\n\\"c\\" \\\\ # d" # e
LAST=1
LAST=2
"""


def test_what_lines_mean() -> None:
    assert read(TEXT, ".env") == {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:5000",
        "MLFLOW_EXPERIMENT_NAME": "iris",
        "EMPTY": "",
        "HASH": "a#b",
        "SINGLE": 'a "b" \\n # c',
        "DOUBLE": "a 'b'\n\"c\" \\ # d",
        "LAST": "2",
    }


@pytest.mark.parametrize("line", ["secret", "=secret", "1A=secret", "A='secret", 'A="secret', "A='x' secret"])
def test_a_line_that_means_nothing_is_named_but_not_shown(line: str) -> None:
    with pytest.raises(BadParameter) as caught:
        read(f"A=1\n{line}\n", "my.env")
    assert caught.value.message == "line 2 of my.env is not of the form NAME=VALUE."


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"], blacklist_characters="'")))
def test_single_quotes_keep_everything(value: str) -> None:
    assert read(f"A='{value}'", "x") == {"A": value}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the environment back as it was."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def uri_after(file: Path) -> str:
    done = CliRunner().invoke(main, ["--env-file", str(file), "doctor"])
    assert done.exit_code == 0, done.stderr
    return next(line.split()[-1] for line in done.stdout.splitlines() if "MLFLOW_TRACKING_URI" in line)


@pytest.mark.usefixtures("variables")
def test_a_verb_sees_them_and_what_is_set_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.env").write_text(f"MLFLOW_TRACKING_URI=sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert uri_after(tmp_path / "my.env") == f"sqlite:///{tmp_path / 'a.db'}"

    (tmp_path / "other.env").write_text("MLFLOW_TRACKING_URI=sqlite:///other.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'b.db'}")
    assert uri_after(tmp_path / "other.env") == f"sqlite:///{tmp_path / 'b.db'}"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"A=\xff", "cannot be read"), (b"A", "line 1 of my.env")],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "my.env"
    if content is not None:
        file.write_bytes(content)
    done = CliRunner().invoke(main, ["--env-file", str(file), "doctor"])
    assert (done.exit_code, message in done.stderr) == (2, True)
