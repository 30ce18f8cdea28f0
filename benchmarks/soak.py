"""Scores for minutes, and tells whether memory stays flat and every answer is right.

    python benchmarks/soak.py --minutes 10
    python benchmarks/soak.py --minutes 10 --rows 10000 --connections 2

Workers are replaced as they are by default, after so many requests; memory is that of all processes.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

from scoring import OURS, Models, Server
from scoring_load import Load


def main() -> None:
    """Ask for as long as told and print a line for each half minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--model", default="lm")
    parser.add_argument("--rows", type=int, default=1, help="of each request")
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    command = (
        f"{shlex.quote(str(Path(sys.executable).with_name(OURS)))} models serve -m {{model}} -p {{port}}"
    )
    with tempfile.TemporaryDirectory() as folder:
        models = Models(Path(folder))
        with Server(command, models.folder / given.model) as server:
            load = Load(server.port, models.cases(given.model, given.rows), given.connections)
            load.run(5)
            print(
                "| minutes | right answers | requests/s | p99 ms | MB |\n|---:|---:|---:|---:|---:|",
                flush=True,
            )
            total, begin = 0, time.monotonic()
            while (elapsed_s := time.monotonic() - begin) < 60 * given.minutes:
                measured = load.run(30)
                total += len(measured.waits_s)
                p99_ms = 1000 * sorted(measured.waits_s)[len(measured.waits_s) * 99 // 100]
                figures = f"{total} | {measured.rate:.0f} | {p99_ms:.0f} | {server.memory_mb():.0f}"
                print(f"| {(elapsed_s + 30) / 60:.1f} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
