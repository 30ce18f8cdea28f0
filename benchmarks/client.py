"""Times Python clients side by side, each against a server of its own; see README.md in this folder.

Each client runs in processes of its own interpreter and takes turns with the others in every round. The
interpreters need scikit-learn.
"""

from __future__ import annotations

import argparse
import http.client
import importlib
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from tracking import STORED, Client, start

#: Calls of which the median counts.
CALLS = 200
WRITERS = 4
LIMIT_S = 1800


#: What a fresh process does to tell the milliseconds and megabytes of an import.
IMPORT = """
import importlib, os, sys, time
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
before, begin = resident(), time.perf_counter()
importlib.import_module(sys.argv[1])
print((time.perf_counter() - begin) * 1000)
print(resident() - before)
"""


def log_metric(mlflow: Any, port: int) -> dict[str, float]:
    """Compare `log_metric` with the bare request it sends, in turns."""
    with mlflow.start_run() as run, closing(http.client.HTTPConnection("127.0.0.1", port)) as bare:
        bare.connect()
        bare.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send(step: int) -> None:
            body = {"run_id": run.info.run_id, "key": "bare", "value": 0.5, "step": step}
            text = json.dumps({**body, "timestamp": time.time_ns() // 1_000_000})
            headers = {"Content-Type": "application/json"}
            bare.request("POST", "/api/2.0/mlflow/runs/log-metric", text, headers)
            assert bare.getresponse().read()

        own, processor = [], []
        for step in range(CALLS):
            times = [(time.perf_counter(), time.process_time())]
            for call in (send, lambda step: mlflow.log_metric("m", 0.5, step=step)):
                call(step)
                times.append((time.perf_counter(), time.process_time()))
            (wall, cpu), (wall_bare, cpu_bare), (wall_both, cpu_both) = times
            own.append((wall_both - wall_bare) - (wall_bare - wall))
            processor.append((cpu_both - cpu_bare) - (cpu_bare - cpu))
    return {
        "log_metric over its bare request, ms": statistics.median(own) * 1000,
        "log_metric over its bare request, ms of processor": statistics.median(processor) * 1000,
    }


def search_runs(mlflow: Any, runs: int) -> dict[str, float]:
    """Read all runs of the default experiment into a frame."""
    importlib.import_module("pandas")  # which some clients have loaded long before
    begin = time.perf_counter()
    found = mlflow.search_runs(experiment_ids=[STORED], filter_string="metrics.loss < 1")
    seconds = time.perf_counter() - begin
    assert len(found) == runs, len(found)
    return {f"search_runs of {runs:,} runs to a frame, ms": seconds * 1000}


def predict(mlflow: Any, module: str) -> dict[str, float]:
    """Score one row with a pyfunc model that has a signature, and load it."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame({f"x{at}": [float(at), 1.0, 2.0 + at] for at in range(11)})
    model = LinearRegression().fit(frame, [1.0, 2.0, 3.0])
    signature = importlib.import_module(f"{module}.models").infer_signature(frame, model.predict(frame))
    with tempfile.TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(
            model, f"{folder}/m", signature=signature, serialization_format="cloudpickle"
        )
        load_s = [_seconds(lambda: mlflow.pyfunc.load_model(f"{folder}/m")) for _ in range(CALLS)]
        loaded = mlflow.pyfunc.load_model(f"{folder}/m")
        row = frame.head(1)
        taken = [_seconds(lambda: loaded.predict(row)) for _ in range(CALLS)]
        bare = [_seconds(lambda: model.predict(row)) for _ in range(CALLS)]
    return {
        "pyfunc load_model, the first of a process, ms": load_s[0] * 1000,
        "pyfunc load_model, ms": statistics.median(load_s) * 1000,
        "pyfunc predict of one row, ms": statistics.median(taken) * 1000,
        "the estimator's own predict of one row, ms": statistics.median(bare) * 1000,
    }


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def session(module: str, port: int, runs: int) -> dict[str, float]:
    """Measure in this process what a client does once it is imported."""
    warnings.filterwarnings("ignore")
    mlflow = importlib.import_module(module)
    mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
    mlflow.set_experiment(f"session {time.time_ns()}")
    return log_metric(mlflow, port) | search_runs(mlflow, runs) | predict(mlflow, module)


def fill(port: int, runs: int) -> None:
    """Store runs of 10 metrics and 5 params in the default experiment."""

    def write(number: int) -> None:
        with closing(Client(port, STORED)) as client:
            # The client has made the first of its runs.
            run_ids = [client.run_id, *(client.create_run() for _ in range(number - 1))]
            for run_id in run_ids:
                metrics = [
                    {"key": key, "value": 0.5, "timestamp": 1, "step": 0}
                    for key in ("loss", *(f"m{at}" for at in range(9)))
                ]
                params = [{"key": f"p{at}", "value": "a text"} for at in range(5)]
                client.call(
                    "POST", "/runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params}
                )

    writers = [threading.Thread(target=write, args=(runs // WRITERS,)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def run(name: str, command: list[str]) -> list[str]:
    """Run a process to its end and return the lines it printed."""
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(  # noqa: S603  # the user's own
        command, capture_output=True, text=True, timeout=LIMIT_S, env=quiet, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return done.stdout.splitlines()


def main() -> None:
    """Measure the clients of the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "clients", nargs="+", metavar="NAME=PYTHON:MODULE:COMMAND", help="{port}, {dir}: of its server"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=10_000)
    given = parser.parse_args()
    runs = given.runs // WRITERS * WRITERS
    measured: dict[tuple[str, str], list[float]] = defaultdict(list)
    systems = {name: rest.split(":", 2) for name, rest in (client.split("=", 1) for client in given.clients)}
    with ExitStack() as stack:
        ports = {name: start(stack, command) for name, (_, _, command) in systems.items()}
        for port in ports.values():
            fill(port, runs)
        for _ in range(given.rounds):
            for name, (python, module, command) in systems.items():
                interpreter = shlex.split(python)
                begin = time.perf_counter()
                run(name, [shlex.split(command)[0], "--help"])
                measured["the command's --help, ms", name].append((time.perf_counter() - begin) * 1000)
                taken, grown = run(name, [*interpreter, "-c", IMPORT, module])[-2:]
                measured["import, ms", name].append(float(taken))
                measured["import, MB", name].append(float(grown))
                arguments = ["--session", module, str(ports[name]), str(runs)]
                answer = run(name, [*interpreter, __file__, *arguments])[-1]
                for label, value in json.loads(answer).items():
                    measured[label, name].append(value)
    subject, *peers = systems
    print("| what | " + " | ".join(systems) + " |" + "".join(f" {peer} / {subject} |" for peer in peers))
    print("|---|" + "---:|" * (len(systems) + len(peers)))
    for label in dict.fromkeys(label for label, _ in measured):
        medians = {name: statistics.median(measured[label, name]) for name in systems}
        cells = "".join(f" {medians[name]:.2f} |" for name in systems)
        # Below the resolution of the clock nothing can be compared.
        own = max(medians[subject], 1e-3)
        ratios = "".join(f" {medians[peer] / own:.1f} |" for peer in peers)
        print(f"| {label} |{cells}{ratios}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--session"]:
        print(json.dumps(session(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        main()
