"""Times tracking servers side by side over MLflow's REST API; see README.md in this folder.

The servers take turns in every round, so that what slows the machine down slows all of them, and only
ratios are told. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shlex
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

API = "/api/2.0/mlflow"
START_LIMIT_S = 120
#: The experiment that is searched; every server starts with it.
STORED = "0"
_numbers = itertools.count(1)


class Client:
    """A kept connection to a server, and a run to write to.

    Parameters
    ----------
    port : int
        Of the server, on this machine.
    experiment_id : str, optional
        Of the runs that are made; a new experiment by default.
    """

    def __init__(self, port: int, experiment_id: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT_S)
        self._connection.connect()
        # A request of two packets would wait for the server's delayed acknowledgement.
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What is written must not change what is searched.
        name = f"benchmark-{next(_numbers)}"
        self.experiment_id = (
            experiment_id or self.call("POST", "/experiments/create", {"name": name})["experiment_id"]
        )
        self.run_id = self.create_run()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of an answer; any status but 200 ends the measuring."""
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(method, API + path, json.dumps(body) if body else None, headers)
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path} was answered {reply.status}: {text[:300]!r}")
        return json.loads(text)

    def create_run(self) -> str:
        """Make a run and return its id."""
        body = {
            "experiment_id": self.experiment_id,
            "run_name": "benchmark",
            "start_time": next(_numbers),
        }
        run_id: str = self.call("POST", "/runs/create", body)["run"]["info"]["run_id"]
        return run_id

    def get_run(self) -> None:
        """Read the client's run."""
        self.call("GET", f"/runs/get?run_id={self.run_id}")

    def search(self) -> None:
        """Read a page of 100 runs."""
        self.call("POST", "/runs/search", {"experiment_ids": [STORED], "max_results": 100})

    def search_by_metric(self) -> None:
        """Read the 100 best runs of those above a value."""
        body = {"filter": "metrics.metric_1 > 0.5", "order_by": ["metrics.metric_2 DESC"]}
        self.call("POST", "/runs/search", {"experiment_ids": [STORED], "max_results": 100, **body})

    def log_metric(self) -> None:
        """Write a point."""
        self.call("POST", "/runs/log-metric", {"run_id": self.run_id, **_point("loss")})

    def log_parameter(self) -> None:
        """Write a parameter."""
        self.call("POST", "/runs/log-parameter", {"run_id": self.run_id, **_text()})

    def set_tag(self) -> None:
        """Write a tag."""
        self.call("POST", "/runs/set-tag", {"run_id": self.run_id, **_text()})

    def log_batch(self, metrics: int, params: int) -> None:
        """Write many things to a new run."""
        points = [_point(f"metric_{number}") for number in range(metrics)]
        body = {"run_id": self.create_run(), "metrics": points, "params": [_text() for _ in range(params)]}
        self.call("POST", "/runs/log-batch", body)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _point(key: str) -> dict[str, object]:
    number = next(_numbers)
    return {"key": key, "value": number * 7919 % 10_007 / 10_007, "timestamp": number, "step": 0}


def _text() -> dict[str, str]:
    return {"key": f"key-{next(_numbers)}", "value": "0.5"}


OPERATIONS: Mapping[str, Callable[[Client], object]] = {
    "runs/create": Client.create_run,
    "runs/get": Client.get_run,
    "runs/log-metric": Client.log_metric,
    "runs/log-parameter": Client.log_parameter,
    "runs/set-tag": Client.set_tag,
    "new run + log-batch, 100 metrics, 20 params": lambda client: client.log_batch(100, 20),
    "new run + log-batch, 1000 metrics": lambda client: client.log_batch(1000, 0),
    "runs/search, page of 100": Client.search,
    "runs/search, page of 100 by metric filter and order": Client.search_by_metric,
}


class Server(NamedTuple):
    """A server that answers."""

    port: int
    pid: int

    def processes(self) -> list[int]:
        """Return the server's process and all that descend from it."""
        found = [self.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found

    def processor_s(self) -> float:
        """Return the processor time that they and those that ended before them took."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(ticks) for fields in stats for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


class Sample(NamedTuple):
    """What several clients saw, each asking again once answered."""

    calls_per_s: float
    p99_ms: float
    processor_ms: float


def measure(server: Server, operation: Callable[[Client], object], clients: int, seconds: float) -> Sample:
    """Let clients do an operation again and again; return also what a call costs the server's processor."""
    taken_ms: list[float] = []
    with ExitStack() as stack:
        asking = [stack.enter_context(closing(Client(server.port))) for _ in range(clients)]
        spent_s = server.processor_s()
        begin = time.monotonic()

        def ask(number: int) -> None:
            while (began := time.monotonic()) < begin + seconds:
                operation(asking[number])
                taken_ms.append((time.monotonic() - began) * 1000)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        calls_per_s = len(taken_ms) / (time.monotonic() - begin)
        processor_ms = (server.processor_s() - spent_s) * 1000 / len(taken_ms)
    taken_ms.sort()
    return Sample(calls_per_s, taken_ms[len(taken_ms) * 99 // 100], processor_ms)


def start(stack: ExitStack, command: str) -> int:
    """Start a server as `launch` does and return its port."""
    return launch(stack, command).port


def launch(stack: ExitStack, command: str) -> Server:
    """Start a server in an empty folder and wait until it answers."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    log = stack.enter_context((folder / "server.log").open("wb"))
    arguments = shlex.split(command.format(port=port, dir=folder))
    process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)  # noqa: S603  # the user's own
    stack.callback(process.wait)
    stack.callback(process.terminate)
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            probe = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT_S)
            with closing(probe):
                probe.request("GET", "/health")
                if probe.getresponse().status == 200:
                    return Server(port, process.pid)
        time.sleep(0.01)
    raise SystemExit(f"{command!r} does not answer: {(folder / 'server.log').read_text()[-2000:]}")


def main() -> None:
    """Measure the servers of the command line and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="+", metavar="NAME=COMMAND", help="{port} and {dir} are filled in")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="connections at a time")
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="PATTERN", help="operations, as in 'runs/*'"
    )
    parser.add_argument("--stored", type=int, default=1000, help="runs that each server holds to begin with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one sample")
    given = parser.parse_args()
    wanted = [name for name in OPERATIONS if any(fnmatchcase(name, pattern) for pattern in given.only)]
    cases = list(itertools.product(wanted, given.clients))
    samples: dict[tuple[str, int, str], list[Sample]] = defaultdict(list)
    commands = dict(server.split("=", 1) for server in given.servers)
    subject, *peers = commands
    with ExitStack() as stack:
        servers = {name: launch(stack, command) for name, command in commands.items()}
        for server in servers.values():
            with closing(Client(server.port, STORED)) as client:
                for _ in range(given.stored):
                    client.log_batch(5, 5)
        for _ in range(given.rounds):
            for operation, clients in cases:
                for name, server in servers.items():
                    sample = measure(server, OPERATIONS[operation], clients, given.seconds)
                    samples[operation, clients, name].append(sample)
    compared = "".join(f" {subject} / {peer} | {peer}, ms of processor |" for peer in peers)
    print(f"| operation | clients |{compared} {subject}, ms of processor | its p99, ms |")
    print("|---|---:|" + "---:|---:|" * len(peers) + "---:|---:|")
    for operation, clients in cases:
        ours = samples[operation, clients, subject]
        cells = ""
        for peer in peers:
            theirs = samples[operation, clients, peer]
            ratios = [a.calls_per_s / b.calls_per_s for a, b in zip(ours, theirs, strict=True)]
            cells += f" {statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}] |"
            cells += f" {statistics.median(sample.processor_ms for sample in theirs):.2f} |"
        cells += f" {statistics.median(sample.processor_ms for sample in ours):.2f} |"
        cells += f" {statistics.median(sample.p99_ms for sample in ours):.1f} |"
        print(f"| {operation} | {clients} |{cells}")


if __name__ == "__main__":
    main()
