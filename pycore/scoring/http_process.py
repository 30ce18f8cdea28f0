"""The process that answers HTTP beside one that keeps model hosts."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

from pycore.http import stop_signals
from pycore.scoring.engine import sandbox

#: How glibc's mallopt is told the number of heaps, from which size on a block is the system's own, and how
#: much free memory a heap may keep.
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
#: Bodies of some 10,000 rows are copied a few times in their lives; memory that comes fresh from the
#: system each time costs more than the copies.
_BLOCK_BYTES, _KEPT_BYTES = 16 << 20, 32 << 20


def share_one_heap() -> None:
    """Have all threads of this process take memory from one heap, where the C library can be told so.

    Each of very many threads would otherwise keep what a large body has taken once.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _BLOCK_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


class HttpProcess:
    """A child that runs the HTTP server as soon as it is told to, and ends with its parent.

    Make it while this process has one thread.

    Parameters
    ----------
    run_server : callable
        Returns, or leaves by SystemExit, when the server has ended.
    """

    def __init__(self, run_server: Callable[[], None]) -> None:
        told, self._tell = os.pipe()
        self._status: int | None = None
        supervisor = os.getpid()
        with stop_signals.held_back():
            self._pid = os.fork()
            if not self._pid:
                # The copy has no use for the supervisor's handlers.
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._pid:
            os.close(told)
            return
        status = 1
        try:
            os.close(self._tell)
            # A group of its own: Ctrl-C in a terminal goes to the supervisor alone, which ends this orderly.
            os.setpgid(0, 0)
            sandbox.die_with_parent(supervisor, signal.SIGTERM)
            share_one_heap()
            if os.read(told, 1):
                run_server()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - nothing may escape into the copy of the supervisor
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)

    def open(self) -> None:
        """Let the server accept requests."""
        os.write(self._tell, b"!")

    def wait(self) -> int:
        """Wait for the end of the process and return its exit status."""
        if self._status is None:
            _, status = os.waitpid(self._pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def stop(self) -> None:
        """Have the server answer what it has accepted, and wait for it."""
        if self._status is None:
            os.kill(self._pid, signal.SIGTERM)
            self.wait()
