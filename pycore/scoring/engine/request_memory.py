"""Memory in which a caller puts large requests: a worker reads them there, and nothing is copied in between.

Each connection has its own, of which the host and its workers have the file. What it holds is for one
request at a time; the caller writes the next one when it has the answer, or gives up the connection.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Mapping
from typing import Any

from pycore.models.columns import Block
from pycore.models.frames import decode

#: A larger request goes by way of the socket: this much may stay in use for each thread that asks.
MOST_BYTES = 4 << 20
#: Smaller ones go by way of the socket as well, where they can be joined to a batch.
LEAST_BYTES = 256 << 10


def new_memory() -> int:
    """Return the file number of new memory; it takes up what is written only."""
    file = os.memfd_create("crateflow-request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, MOST_BYTES)
    # A model that made it shorter would end whoever looks at the rest.
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return file


def writable(file: int) -> memoryview:
    """Return the memory of a file, to be written."""
    return memoryview(mmap.mmap(file, MOST_BYTES))


def readable(file: int) -> memoryview:
    """Return the memory of a file, to be read; the file is closed."""
    try:
        return memoryview(mmap.mmap(file, MOST_BYTES, prot=mmap.PROT_READ))
    finally:
        os.close(file)


def read_request(
    memory: memoryview, note: Mapping[str, Any], keeps_data: bool
) -> tuple[dict[str, Any], Block | None]:
    """Return the head and the block of a request.

    Parameters
    ----------
    memory : memoryview
        Where it is.
    note : mapping
        What came in its place.
    keeps_data : bool
        The block is looked at after the answer, when the memory may have the next request.
    """
    frame = memory[: note["in_memory"]]
    return decode(bytes(frame) if keeps_data else frame)
