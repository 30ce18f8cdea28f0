"""Memory of a caller's connection, which workers see as well: large requests and answers lie there uncopied.

Each connection has its own, of which the host and its workers have the file. One half is for the request:
the caller writes the next one when it has the answer, or gives up the connection. The other half is for the
answer, if a worker gives that itself (see `pycore.scoring.engine.loans`). What goes over the socket is the
frame without its buffers; see `pycore.models.frames`.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from typing import NamedTuple

from pycore.models.frames import Frame

#: Larger frames go by way of the socket: this much may stay in use for each thread that asks, and as much
#: for its answers.
MOST_BYTES = 4 << 20
#: Smaller requests go by way of the socket as well, where they can be joined to a batch.
LEAST_REQUEST_BYTES = 256 << 10
#: Smaller answers take no longer by way of the socket.
LEAST_ANSWER_BYTES = 16 << 10
#: What goes over the socket in any case must fit into it at once.
_MOST_HEAD_BYTES = 64 << 10


class CallerMemory(NamedTuple):
    """The two halves.

    Attributes
    ----------
    request, answer : memoryview
    """

    request: memoryview
    answer: memoryview


def new_memory() -> int:
    """Return the file number of new memory; it takes up what is written only."""
    file = os.memfd_create("crateflow-caller", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, 2 * MOST_BYTES)
    # A model that made it shorter would end whoever looks at the rest.
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return file


def memory_of(file: int) -> CallerMemory:
    """Return the memory of a file, which is not needed any more afterwards."""
    whole = memoryview(mmap.mmap(file, 2 * MOST_BYTES))
    return CallerMemory(whole[:MOST_BYTES], whole[MOST_BYTES:])


def fits(frame: Frame, least_bytes: int) -> bool:
    """Return whether a frame is worth leaving in memory, and small enough."""
    return least_bytes <= frame.n_bytes <= MOST_BYTES and frame.n_head_bytes <= _MOST_HEAD_BYTES
