from __future__ import annotations

import errno
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner, Result
from processes import CRATEFLOW
from waiting import LIMIT_S

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
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, check=True
    ).stdout
    assert output.splitlines()[-1] == "LOADED"


def test_an_unknown_verb_is_a_usage_error():
    result = CliRunner().invoke(main, ["nonsense"])
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.output


class Failing:
    """A verb that fails with what it is given."""

    error: BaseException

    @staticmethod
    @click.command("fail")
    def verb() -> None:
        """Fail."""
        raise Failing.error


def failed(error: BaseException) -> Result:
    Failing.error = error
    sys.modules.setdefault(__name__, sys.modules[Failing.__module__])
    return CliRunner().invoke(LazyGroup("crateflow", verbs={"fail": f"{__name__}:verb"}), ["fail"])


verb = Failing.verb


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (NotFound("There is no\n  such thing."), 1, "Error: There is no such thing.\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "Error: Permission denied: /x\n"),
        (KeyboardInterrupt(), 130, "\nInterrupted.\n"),
    ],
)
def test_what_ends_a_verb_is_one_line(error: BaseException, status: int, message: str) -> None:
    result = failed(error)
    assert (result.exit_code, result.stderr, result.stdout) == (status, message, "")


def test_a_fault_of_ours_is_not_hidden() -> None:
    assert isinstance(failed(OSError(errno.EBADF, "Bad file descriptor")).exception, OSError)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = f"'{CRATEFLOW}' completion bash | head -c 1; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize(("number", "ends"), [(1, True), (2, False)])
def test_the_first_process_of_a_container_can_be_ended(number: int, ends: bool) -> None:
    code = (
        f"import os, signal; os.getpid = lambda: {number}; from pycore.cli.main import main\n"
        "try: main(['completion', 'bash'])\n"
        "finally: print(signal.getsignal(signal.SIGTERM) is signal.default_int_handler)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(ends)
