"""Train a model in R, log, register, serve and score it, and check every answer against R's own.

Run by ``make demo``. Everything happens on this machine, in one folder: a tracking server on SQLite
and local files, an R script that trains, a scoring server. The exit status is 0 only if the scores
over HTTP, from R and from Python equal R's `predict()` to the last bit.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import requests

import pycore as mlflow

HERE = Path(__file__).resolve().parent
MODEL_URI = "models:/iris-lm/Production"
START_LIMIT_S = 300


class DemoFailed(Exception):
    """A step did not do what it should; the message says which and why."""


def main() -> int:
    """Run the steps; return the exit status."""
    options = _options()
    folder = Path(options.dir or tempfile.mkdtemp(prefix="crateflow-demo-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Crateflow demo: an R model, from training to scoring\nEverything is kept in {folder}")
    # `kill` ends the demo like Ctrl+C does, so that its servers are stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as servers:
            _run(folder, servers)
            if options.keep:
                print("\nBoth servers are running. Press Ctrl+C to stop them.", flush=True)
                signal.pause()
    except DemoFailed as failure:
        print(f"\nThe demo failed: {failure}\nLogs are in {folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", help="where to keep the database, the artifacts and the logs")
    parser.add_argument("--keep", action="store_true", help="leave the servers running")
    return parser.parse_args()


def _run(folder: Path, servers: contextlib.ExitStack) -> None:
    """Go through the five steps."""
    _step(1, "Start the tracking server")
    database, artifacts = folder / "tracking.db", folder / "artifacts"
    command = ["crateflow", "server", "--port", "0"]
    command += ["--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", str(artifacts)]
    tracking_url = servers.enter_context(_server(command, folder / "server.log"))
    _show(address=tracking_url, database=database, artifacts=artifacts)

    _step(2, "Train in R: log the run, register the model, move it to Production")
    environment = os.environ | {"MLFLOW_TRACKING_URI": tracking_url}
    print(textwrap.indent(_rscript("train.R", environment, cwd=folder).rstrip(), "     | "))
    mlflow.set_tracking_uri(tracking_url)
    version = mlflow.MlflowClient().get_latest_versions("iris-lm", ["Production"])[0]
    _show(script=HERE / "train.R", run=version.run_id, model=f"{version.name}, version {version.version}")

    _step(3, f"Serve {MODEL_URI}")
    command = ["crateflow", "models", "serve", "--model-uri", MODEL_URI, "--port", "0"]
    scoring_url = servers.enter_context(_server(command, folder / "scoring.log", environment))
    if requests.get(f"{scoring_url}/ping", timeout=10).status_code != 200:
        raise DemoFailed(f"{scoring_url}/ping does not answer 200")
    _show(address=f"{scoring_url}/invocations")

    _step(4, "Score all 150 rows of iris in three ways, and compare with predict() in R")
    reference = folder / "predict.csv"
    _rscript("predict.R", environment, reference)
    sepal_length, expected = _read_reference(reference)
    rows = pd.DataFrame({"Sepal.Length": sepal_length})
    differences = {
        "HTTP, JSON as with curl": _largest_difference(_score_over_http(scoring_url, rows), expected),
        "R, mlflow_score()": _difference_in_r(scoring_url, environment),
        "Python, pyfunc.load_model()": _largest_difference(
            mlflow.pyfunc.load_model(MODEL_URI).predict(rows).tolist(), expected
        ),
    }
    for way, difference in differences.items():
        print(f"     {way:<30} largest difference {difference:g}")
    if any(difference != 0 for difference in differences.values()):
        raise DemoFailed("the scores differ from R's own")

    _step(5, "What was logged")
    _show_run(version.run_id)
    _show_next(tracking_url, scoring_url)


# The servers and the scripts ------------------------------------------------------------------------------


@contextlib.contextmanager
def _server(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Run a server, giving the address it prints once it listens."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the line in which a server says where it listens."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        # Asked before the log is read, which then is all that one that has ended will ever say.
        has_ended = process.poll() is not None
        for line in log.read_text().splitlines():
            if line.startswith("Listening at "):
                return line.split()[-1]
        if has_ended:
            raise DemoFailed(f"the server ended at once:\n{log.read_text()}")
        time.sleep(0.05)
    raise DemoFailed(f"the server did not listen within {START_LIMIT_S} s:\n{log.read_text()}")


def _rscript(script: str, environment: dict[str, str], *arguments: object, cwd: Path | None = None) -> str:
    """Run one of the example's R scripts; return what it prints."""
    command = ["Rscript", "--vanilla", str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise DemoFailed(f"{script} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


# Scoring --------------------------------------------------------------------------------------------------


def _read_reference(file: Path) -> tuple[list[float], list[float]]:
    """Return iris' sepal lengths and R's own predictions for them."""
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return tuple([float.fromhex(row[name]) for row in rows] for name in ("Sepal.Length", "prediction"))


def _score_over_http(scoring_url: str, rows: pd.DataFrame) -> list[float]:
    """Post the rows as any client would."""
    body = {"dataframe_split": {"columns": list(rows.columns), "data": rows.to_numpy().tolist()}}
    reply = requests.post(f"{scoring_url}/invocations", json=body, timeout=60)
    if reply.status_code != 200:
        raise DemoFailed(f"/invocations answered {reply.status_code}: {reply.text}")
    return reply.json()["predictions"]


def _difference_in_r(scoring_url: str, environment: dict[str, str]) -> float:
    """Let R score and compare; its script prints the largest difference as its last word."""
    return float(_rscript("score.R", environment, scoring_url).split()[-1])


def _largest_difference(scores: list[float], expected: list[float]) -> float:
    """Return the largest absolute difference; infinity when the numbers of rows differ."""
    if len(scores) != len(expected):
        return float("inf")
    return max(abs(score - wanted) for score, wanted in zip(scores, expected, strict=True))


# What is shown --------------------------------------------------------------------------------------------


def _step(number: int, title: str) -> None:
    print(f"\n{number}. {title}", flush=True)


def _show(**facts: object) -> None:
    for name, value in facts.items():
        print(f"     {name:<10} {value}")


def _show_run(run_id: str) -> None:
    """Print the run as a table: what kind, which key, which value."""
    run = mlflow.get_run(run_id)
    lines = [("run", run.info.run_name, f"{run.info.status}, {run.info.run_id}")]
    lines += [("param", key, value) for key, value in run.data.params.items()]
    lines += [("metric", key, value) for key, value in run.data.metrics.items()]
    lines += [("tag", key, value) for key, value in run.data.tags.items() if not key.startswith("mlflow.")]
    lines += [("artifact", file.path, _size(file)) for file in _artifacts(run_id)]
    width = max(len(key) for _, key, _ in lines)
    for kind, key, value in lines:
        print(f"     {kind:<10} {key:<{width}}  {value}")


def _artifacts(run_id: str, path: str | None = None) -> Iterator[mlflow.entities.FileInfo]:
    for file in mlflow.MlflowClient().list_artifacts(run_id, path):
        if file.is_dir:
            yield from _artifacts(run_id, file.path)
        else:
            yield file


def _size(file: mlflow.entities.FileInfo) -> str:
    return f"{(file.file_size or 0) / 1000:.1f} kB"


def _show_next(tracking_url: str, scoring_url: str) -> None:
    print(f"""
Next, with the servers left running by `make demo KEEP=1`:
     open {tracking_url} in a browser
     curl {scoring_url}/invocations -H 'Content-Type: application/json' \\
          -d '{{"dataframe_split": {{"columns": ["Sepal.Length"], "data": [[5.4]]}}}}'
     in R:       library(crateflow); mlflow_set_tracking_uri("{tracking_url}")
                 model <- mlflow_load_model("{MODEL_URI}"); model(data.frame(Sepal.Length = 5.4))
     in Python:  import pycore as mlflow; mlflow.set_tracking_uri("{tracking_url}")
                 mlflow.pyfunc.load_model("{MODEL_URI}").predict({{"Sepal.Length": [5.4]}})""")


if __name__ == "__main__":
    sys.exit(main())
