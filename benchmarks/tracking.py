"""Times tracking servers side by side over MLflow's REST API; see README.md in this folder.

The servers take turns in every round, so that what slows the machine down slows all of them, and only
ratios are told. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
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
from pathlib import Path
from typing import Any

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


def rate(port: int, operation: Callable[[Client], object], clients: int, seconds: float) -> float:
    """Return the answered calls per second of several clients, each asking again once answered."""
    counts = [0] * clients
    with ExitStack() as stack:
        asking = [stack.enter_context(closing(Client(port))) for _ in range(clients)]
        begin = time.monotonic()

        def ask(number: int) -> None:
            while time.monotonic() < begin + seconds:
                operation(asking[number])
                counts[number] += 1

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.monotonic() - begin)


def start(stack: ExitStack, command: str) -> int:
    """Start a server in an empty folder, wait until it answers, and return its port."""
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
                    return port
        time.sleep(0.05)
    raise SystemExit(f"{command!r} does not answer: {(folder / 'server.log').read_text()[-2000:]}")


def main() -> None:
    """Measure the servers of the command line and print a table of ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="+", metavar="NAME=COMMAND", help="{port} and {dir} are filled in")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="connections at a time")
    parser.add_argument("--stored", type=int, default=1000, help="runs that each server holds to begin with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one sample")
    given = parser.parse_args()
    rates: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    commands = dict(server.split("=", 1) for server in given.servers)
    subject, *peers = commands
    with ExitStack() as stack:
        ports = {name: start(stack, command) for name, command in commands.items()}
        for port in ports.values():
            with closing(Client(port, STORED)) as client:
                for _ in range(given.stored):
                    client.log_batch(5, 5)
        for _ in range(given.rounds):
            for operation, clients in itertools.product(OPERATIONS, given.clients):
                for name, port in ports.items():
                    measured = rate(port, OPERATIONS[operation], clients, given.seconds)
                    rates[operation, clients, name].append(measured)
    print("| operation | clients |" + "".join(f" {subject} / {peer} |" for peer in peers))
    print("|---|---:|" + "---:|" * len(peers))
    for operation, clients in itertools.product(OPERATIONS, given.clients):
        ours = rates[operation, clients, subject]
        cells = ""
        for peer in peers:
            ratios = [a / b for a, b in zip(ours, rates[operation, clients, peer], strict=True)]
            cells += f" {statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}] |"
        print(f"| {operation} | {clients} |{cells}")


if __name__ == "__main__":
    main()
