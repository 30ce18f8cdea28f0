"""What a server acknowledged is there, however often all of its processes are killed."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress

import processes
import requests
from process_tree import children
from waiting import LIMIT_S

API = "api/2.0/mlflow"
KILLS = 20
WRITERS = 3


class Writer(threading.Thread):
    """Logs one number after the other to a run, and keeps those that were acknowledged."""

    def __init__(self, url: str, run_id: str, key: str, first: int, enough: threading.Semaphore) -> None:
        super().__init__()
        self.url, self.run_id, self.key, self.first, self.enough = url, run_id, key, first, enough
        self.acknowledged: list[int] = []
        self.refused = ""

    def run(self) -> None:
        """Write until the server is gone."""
        number = self.first
        with requests.Session() as session:
            while True:
                body = {
                    "run_id": self.run_id,
                    "metrics": [{"key": self.key, "value": number, "timestamp": number, "step": number}],
                    "params": [{"key": f"{self.key}-{number}", "value": str(number)}],
                }
                try:
                    reply = session.post(f"{self.url}/{API}/runs/log-batch", json=body, timeout=LIMIT_S)
                except requests.RequestException:
                    return
                if reply.status_code != 200:
                    self.refused = reply.text
                    return
                self.acknowledged.append(number)
                self.enough.release()
                number += 1


def kill_all(server: processes.Server) -> None:
    """Kill a server's parent process and all it started, at once."""
    pid = server.process.pid
    workers = children(pid)
    assert workers
    for victim in (pid, *workers):
        # A worker that is left alone ends by itself.
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    server.process.wait(timeout=LIMIT_S)


def test_every_acknowledged_write_survives_the_killing_of_all_processes(tmp_path):
    generator = random.Random()
    acknowledged: dict[str, list[int]] = {f"m{n}": [] for n in range(WRITERS)}
    with processes.tracking_server(tmp_path) as server:
        created = requests.post(
            f"{server.url}/{API}/runs/create", json={"experiment_id": "0"}, timeout=LIMIT_S
        )
        run_id = created.json()["run"]["info"]["run_id"]
    for kill in range(KILLS):
        with processes.tracking_server(tmp_path) as server:
            enough = threading.Semaphore(0)
            # Numbers of their own for each round: the last write of a round may be there or not.
            writers = [Writer(server.url, run_id, key, kill * 10_000, enough) for key in acknowledged]
            for writer in writers:
                writer.start()
            for _ in range(generator.randrange(5, 60)):
                assert enough.acquire(timeout=LIMIT_S)
            kill_all(server)
            for writer in writers:
                writer.join(timeout=LIMIT_S)
                assert not writer.refused
                acknowledged[writer.key] += writer.acknowledged
    with processes.tracking_server(tmp_path) as server:
        reply = requests.get(f"{server.url}/{API}/runs/get", params={"run_id": run_id}, timeout=LIMIT_S)
        params = {param["key"]: param["value"] for param in reply.json()["run"]["data"]["params"]}
        for key, numbers in acknowledged.items():
            assert {f"{key}-{n}": str(n) for n in numbers}.items() <= params.items()
            query = {"run_id": run_id, "metric_key": key}
            history = requests.get(f"{server.url}/{API}/metrics/get-history", params=query, timeout=LIMIT_S)
            steps = [int(point["step"]) for point in history.json()["metrics"]]
            assert set(numbers) <= set(steps)
            # What was not acknowledged is there as a whole or not at all.
            assert {f"{key}-{step}" for step in steps} == {
                name for name in params if name.startswith(f"{key}-")
            }
            assert len(steps) <= len(numbers) + KILLS
