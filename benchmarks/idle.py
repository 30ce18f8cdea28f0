"""Times the start of a server and weighs it while it is idle; see README.md in this folder.

Needs nothing but Python's standard library, and Linux.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tracking import launch


def memory_mb(pid: int, kind: str) -> float:
    """Return the memory of a process: "Rss", or "Pss", which divides what processes share among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def main() -> None:
    """Start the server of the command line some times and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "command", help="{port} and {dir} are filled in; {data} is a folder that all starts share"
    )
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    rows: dict[str, list[list[float]]] = {"first": [], "further": []}
    with tempfile.TemporaryDirectory() as data:
        for number in range(given.starts):
            with ExitStack() as stack:
                began = time.perf_counter()
                server = launch(stack, given.command.replace("{data}", data))
                row = [time.perf_counter() - began]
                # The last worker to start answers later than the first.
                time.sleep(1)
                row.append(server.processor_s())
                row += [sum(memory_mb(pid, kind) for pid in server.processes()) for kind in ("Rss", "Pss")]
                rows["further" if number else "first"].append(row)
    print("| start | to the first answer, s | processor, s | memory, MB: sum of RSS | sum of PSS |")
    print("|---|---:|---:|---:|---:|")
    for name, found in rows.items():
        took, processor, rss, pss = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {name} | {took:.2f} | {processor:.2f} | {rss:.0f} | {pss:.0f} |")


if __name__ == "__main__":
    main()
