from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner

from pycore.cli.main import VERBS, LazyGroup, main
from pycore.errors import NotFound

HEAVY = ("flask", "gunicorn", "sqlalchemy", "alembic", "pandas", "numpy", "sklearn", "rpy2", "requests")


def test_the_version():
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.output) == (0, f"crateflow, version {version('crateflow')}\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: crateflow {verb} ")


def test_help_names_every_verb():
    output = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {verb} " in output for verb in VERBS)


@pytest.mark.parametrize("arguments", [["--help"], ["server", "--help"], ["db", "upgrade", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from pycore.cli.main import main\n"
        f"try: main({arguments!r})\n"
        f"finally: print('LOADED', *(name for name in {HEAVY!r} if name in sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert output.splitlines()[-1] == "LOADED"


def test_an_unknown_verb_is_a_usage_error():
    result = CliRunner().invoke(main, ["nonsense"])
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.output


@click.command("fail")
def fail() -> None:
    """Fail."""
    raise NotFound("There is no\n  such thing.")


def test_an_error_raised_on_purpose_is_one_line():
    group = LazyGroup("crateflow", verbs={"fail": f"{__name__}:fail"})
    sys.modules.setdefault(__name__, sys.modules[fail.callback.__module__])
    result = CliRunner().invoke(group, ["fail"])
    assert (result.exit_code, result.stderr, result.stdout) == (1, "Error: There is no such thing.\n", "")
