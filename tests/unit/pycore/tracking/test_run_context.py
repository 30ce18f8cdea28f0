import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LIMIT_S

from pycore.errors import InvalidInput
from pycore.tracking import run_context


def _git(folder: Path, *arguments: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    environment = {**os.environ, **identity, "GIT_COMMITTER_EMAIL": "a@b"}
    done = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_the_commit_of_the_script_is_noted(tmp_path: Path) -> None:
    script = tmp_path / "repository" / "train.py"
    script.parent.mkdir()
    script.write_text("from pycore.tracking import run_context; print(run_context.tags())")
    _git(script.parent, "init", "-q")
    _git(script.parent, "add", ".")
    _git(script.parent, "commit", "-q", "-m", "Train")
    commit = _git(script.parent, "rev-parse", "HEAD")

    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )

    assert eval(done.stdout) == {
        "mlflow.user": getpass.getuser(),
        "mlflow.source.name": str(script),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
    }


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_outside_of_git_or_without_git_there_is_no_commit(tmp_path: Path, path: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from pycore.tracking import run_context; print(run_context.tags())"],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
        cwd=tmp_path,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
    )

    assert set(eval(done.stdout)) == {"mlflow.user", "mlflow.source.name", "mlflow.source.type"}


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", '{"mlflow.source.name": "nightly job", "job": 7}')

    tags = run_context.tags()

    assert tags["mlflow.source.name"] == "nightly job"
    assert tags["job"] == "7"


@pytest.mark.parametrize("text", ["not json", "[1]"])
def test_an_environment_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", text)

    with pytest.raises(InvalidInput, match="MLFLOW_RUN_CONTEXT must hold a JSON object of tags, got"):
        run_context.tags()
