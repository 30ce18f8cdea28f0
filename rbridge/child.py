"""The process in which `rbridge.model` keeps R: loads one crate and answers over one socket.

Run as ``python -m rbridge.child SOCKET_NUMBER PARENT_PID``. The first frame names the crate, the answer
to it says whether it is loaded; then `pycore.models.predictor_loop` speaks. Ends when the other side
closes the socket or when its parent is gone. What R and its subprocesses print goes to standard error.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading

from pycore.errors import MlflowException
from pycore.models.frames import FrameBuffer, encode, read_head
from pycore.models.predictor_loop import serve
from pycore.models.remote_errors import to_plain
from rbridge.predictor import CratePredictor
from rbridge.runtime import start, temporary_folder
from rbridge.section import CrateSection

_PARENT_CHECK_S = 1.0


def run(stream: socket.socket) -> int:
    """Load a crate, say whether that went well, and answer until the stream ends."""
    section = _read_section(stream)
    if section is None:
        return 0
    try:
        predictor = CratePredictor(section)
        predictor.settle()
    except MlflowException as error:
        stream.sendall(encode({"failed": to_plain(error)}))
        return 1
    # Told to the parent, who can remove it should this process be killed.
    stream.sendall(encode({"temporary_folder": str(temporary_folder(start()))}))
    serve(predictor, stream)
    return 0


def _read_section(stream: socket.socket) -> CrateSection | None:
    """Read the first frame; None if the parent closed the stream before it was whole."""
    inbox = FrameBuffer()
    while data := stream.recv(inbox.read_bytes):
        for frame in inbox.feed(data):  # one at most: the parent waits for the answer
            return CrateSection.from_plain(read_head(frame)["section"])
    return None


def _end_with(parent: int) -> None:
    """End this process once its parent is gone.

    The closed socket tells as much, unless a process that the parent forked still has it open. The
    kernel's own signal would come when the starting thread ends, which may be long before.
    """
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(_PARENT_CHECK_S)
    os._exit(0)


def _main(socket_number: str, parent: str) -> None:
    logging.basicConfig(stream=sys.stderr, format="%(name)s: %(message)s")
    logging.getLogger("rbridge").setLevel(logging.INFO)  # what models print is for their user to see
    # Ctrl-C is for the parent to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    with socket.socket(fileno=int(socket_number)) as stream:
        sys.exit(run(stream))


if __name__ == "__main__":
    _main(*sys.argv[1:])
