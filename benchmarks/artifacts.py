"""Times a large artifact on its way to a server and back, beside a bare socket; see README.md in this folder.

A process that does nothing but copy between a socket and a file takes turns with the server. Needs nothing
but Python's standard library, and Linux.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tracking import Server, launch

ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/benchmark/large.bin"
_BLOCK = os.urandom(1 << 20)


def upload(connection: http.client.HTTPConnection, blocks: int) -> None:
    """Send an artifact of so many blocks of a MiB."""
    connection.putrequest("PUT", ARTIFACT)
    connection.putheader("Content-Length", str(blocks * len(_BLOCK)))
    connection.endheaders()
    for _ in range(blocks):
        connection.send(_BLOCK)
    reply = connection.getresponse()
    if reply.status != 200:
        raise SystemExit(f"the upload was answered {reply.status}: {reply.read(300)!r}")
    reply.read()


def download(connection: http.client.HTTPConnection, blocks: int) -> None:
    """Receive it."""
    connection.request("GET", ARTIFACT)
    reply = connection.getresponse()
    received = bytearray(len(_BLOCK))
    size_bytes = 0
    while count := reply.readinto(received):
        size_bytes += count
    if reply.status != 200 or size_bytes != blocks * len(_BLOCK):
        raise SystemExit(f"the download was answered {reply.status} with {size_bytes} bytes")


def copy_bare(listener: socket.socket, path: Path) -> None:
    """Answer connections: one that sends is written to the file, one that does not is sent it."""
    buffer = bytearray(len(_BLOCK))
    while True:
        connection, _ = listener.accept()
        with connection:
            if connection.recv(1) == b"U":
                with path.open("wb") as file:
                    while count := connection.recv_into(buffer):
                        file.write(memoryview(buffer)[:count])
                connection.sendall(b".")
            else:
                with path.open("rb") as file:
                    while count := file.readinto(buffer):
                        connection.sendall(memoryview(buffer)[:count])


def upload_bare(address: tuple[str, int], blocks: int) -> None:
    """Send as much to the bare socket."""
    with socket.create_connection(address) as connection:
        connection.sendall(b"U")
        for _ in range(blocks):
            connection.sendall(_BLOCK)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def download_bare(address: tuple[str, int], blocks: int) -> None:
    """Receive it from there."""
    received = bytearray(len(_BLOCK))
    size_bytes = 0
    with socket.create_connection(address) as connection:
        connection.sendall(b"D")
        while count := connection.recv_into(received):
            size_bytes += count
    assert size_bytes == blocks * len(_BLOCK)


def seconds(work: Callable[[], None]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory_mb(server: Server) -> float:
    """Return the memory of a server's processes, without what is only mapped from files."""
    statuses = [Path(f"/proc/{pid}/status").read_text().splitlines() for pid in server.processes()]
    return (
        sum(int(line.split()[1]) for lines in statuses for line in lines if line.startswith("RssAnon:"))
        / 1024
    )


@contextmanager
def growth(server: Server, told: list[float]) -> Iterator[None]:
    """Append by how much the memory of a server grows meanwhile."""
    before = most = memory_mb(server)
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.02):
            most = max(most, memory_mb(server))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        told.append(most - before)


def main() -> None:
    """Measure the server of the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", help="of the server; {port} and {dir} are filled in")
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    ratios: dict[str, list[float]] = {"up": [], "down": []}
    rates: dict[str, list[float]] = {"up": [], "down": []}
    grown: dict[str, list[float]] = {"up": [], "down": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        bare = multiprocessing.get_context("fork").Process(
            target=copy_bare, args=(listener, folder / "bare.bin"), daemon=True
        )
        bare.start()
        stack.callback(bare.terminate)
        server = launch(stack, given.command)
        address = listener.getsockname()
        connection = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", server.port)))
        works = {"up": (upload, upload_bare), "down": (download, download_bare)}
        for _ in range(given.rounds):
            for way, (served, plain) in works.items():
                with growth(server, grown[way]):
                    took = seconds(lambda served=served: served(connection, given.mib))
                rates[way].append(given.mib / took)
                ratios[way].append(seconds(lambda plain=plain: plain(address, given.mib)) / took)
    print(f"| {given.mib} MiB | MiB/s | of a bare socket's | memory grows by, MB |")
    print("|---|---:|---:|---:|")
    for way in works:
        spread = f"{statistics.median(ratios[way]):.2f} [{min(ratios[way]):.2f}–{max(ratios[way]):.2f}]"
        print(f"| {way} | {statistics.median(rates[way]):.0f} | {spread} | {max(grown[way]):.0f} |")


if __name__ == "__main__":
    main()
