"""What surrounds a process that runs a model: its environment, its memory, its parent's death."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path

from pycore.config import MODEL_ENVIRONMENT
from pycore.errors import ModelError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_MB = 1 << 20

#: Variables a model may see; credentials for tracking servers or clouds are not among them.
_PASSED_ON = frozenset({"HOME", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "USER", "VIRTUAL_ENV"})
_PASSED_ON_PREFIXES = ("CRATEFLOW_", "OMP_", "PYTHON", "R_")

#: Texts are UTF-8, times are UTC and results do not depend on the machine's settings. One BLAS thread:
#: workers run side by side, and threads started on load would not survive the fork. No buffer for what
#: a model prints, which would be lost when its worker is killed.
_FIXED = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def environment(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for processes that run a model, made from the one outside."""
    wanted = _PASSED_ON.union(MODEL_ENVIRONMENT.get())
    kept = {
        name: text for name, text in outer.items() if name in wanted or name.startswith(_PASSED_ON_PREFIXES)
    }
    return kept | _FIXED


def die_with_parent(parent: int, with_signal: signal.Signals) -> None:
    """Have the kernel send this process a signal as soon as its parent is gone, however it went.

    Parameters
    ----------
    parent : int
        The parent's process id: if it is gone already, this process ends at once.
    with_signal : Signals
    """
    if _LIBC.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(0)


def check_memory_limit(limit_mb: int) -> None:
    """Refuse a limit that this process, with the model loaded, is over already.

    Raises
    ------
    ModelError
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    used_mb = pages * resource.getpagesize() // _MB
    if used_mb >= limit_mb:
        raise ModelError(
            f"The workers' memory limit is {limit_mb} MB of address space, but the loaded model takes "
            f"{used_mb} MB before it scores anything; raise CRATEFLOW_WORKER_MEMORY_MB."
        )


def limit_memory(limit_mb: int) -> None:
    """Let allocations of this process fail beyond a limit, rather than exhaust the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (limit_mb * _MB, limit_mb * _MB))


def volunteer_for_memory_shortage() -> None:
    """Have the kernel end this process first when the machine runs out of memory."""
    Path("/proc/self/oom_score_adj").write_text("1000")
