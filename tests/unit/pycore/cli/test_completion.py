import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from processes import CRATEFLOW
from waiting import LIMIT_S

from pycore.cli.main import VERBS, main

ENVIRONMENT = {**os.environ, "PATH": f"{Path(CRATEFLOW).parent}:{os.environ['PATH']}"}


def completed_by_bash(*words: str) -> list[str]:
    """Return what bash would offer for the last of the words."""
    script = (
        f'eval "$({CRATEFLOW} completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_crateflow_completion crateflow; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=LIMIT_S,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["crateflow", "exp"], ["experiments"]),
        (["crateflow", ""], sorted(VERBS)),
        (["crateflow", "models", "tra"], ["transition"]),
        (["crateflow", "runs", "list", "--exp"], ["--experiment-id"]),
        (["crateflow", "experiments", "search", "--view", "del"], ["deleted_only"]),
    ],
)
def test_bash_completes(words: list[str], offered: list[str]) -> None:
    assert completed_by_bash(*words) == offered


@pytest.mark.parametrize(
    ("shell", "mark", "word", "offered"),
    [
        ("zsh", "#compdef crateflow", "1", "plain\nexperiments\n"),
        ("fish", "complete --no-files --command crateflow", "exp", "plain,experiments\t"),
    ],
)
def test_other_shells_get_their_script_and_their_answers(
    shell: str, mark: str, word: str, offered: str
) -> None:
    script = CliRunner().invoke(main, ["completion", shell], prog_name="crateflow").output
    question = {"_CRATEFLOW_COMPLETE": f"{shell}_complete", "COMP_WORDS": "crateflow exp", "COMP_CWORD": word}
    answer = subprocess.run(
        [CRATEFLOW], capture_output=True, text=True, env={**ENVIRONMENT, **question}
    ).stdout

    assert mark in script
    assert f"_CRATEFLOW_COMPLETE={shell}_complete" in script
    assert answer.startswith(offered)


def test_another_shell() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in result.output
