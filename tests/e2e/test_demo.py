"""The demo does what it promises, and says so when an answer is wrong."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from process_tree import descendants, is_alive
from waiting import LIMIT_S, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "iris-lm"
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run_demo(*arguments: object, example: Path = EXAMPLE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(example / "demo.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=ENVIRONMENT,
    )


def test_the_demo_scores_alike_in_three_ways(tmp_path):
    done = run_demo("--dir", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    differences = [line.split()[-1] for line in done.stdout.splitlines() if "largest difference" in line]
    assert differences == ["0", "0", "0"]
    assert (tmp_path / "tracking.db").exists()
    for shown in ("formula", "rmse", "MLmodel", "crate.bin", "FINISHED", "/invocations"):
        assert shown in done.stdout


@pytest.mark.parametrize(
    ("script", "line", "wrong"),
    [
        ("predict.R", 'sprintf("%a", predict(fit, iris))', 'sprintf("%a", predict(fit, iris) + 2^-50)'),
        ("train.R", "library(crateflow)", "library(crateflow); stop('no training today')"),
    ],
)
def test_the_demo_fails_when_a_step_goes_wrong(tmp_path, script, line, wrong):
    example = shutil.copytree(EXAMPLE, tmp_path / "iris-lm")
    text = (example / script).read_text()
    assert line in text
    (example / script).write_text(text.replace(line, wrong))

    done = run_demo("--dir", tmp_path / "kept", example=example)

    assert done.returncode == 1
    assert "The demo failed" in done.stderr
    assert "Traceback" not in done.stderr


def test_keep_leaves_both_servers_running_until_interrupted(tmp_path):
    output = tmp_path / "output.txt"
    with output.open("w") as stream:
        demo = subprocess.Popen(
            [sys.executable, str(EXAMPLE / "demo.py"), "--keep", "--dir", str(tmp_path)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
        )
    try:
        until(lambda: "Press Ctrl+C" in output.read_text() or demo.poll() is not None)
        assert demo.poll() is None, output.read_text()
        started = descendants(demo.pid)
        addresses = [line.split()[-1] for line in output.read_text().splitlines() if " address " in line]
        assert requests.get(addresses[0], timeout=LIMIT_S).status_code == 200
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=LIMIT_S) == 0
    assert started
    until(lambda: not any(map(is_alive, started)))
