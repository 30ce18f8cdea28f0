"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

# What a container may use of the machine, in version 2 of control groups: a quota and a period, or "max".
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def usable_processors(cpu_max: Path = _CPU_MAX) -> int:
    """Return the number of processors: of the machine, less where the system or a container allows less."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, min(allowed, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        # No container, or no limit.
        return allowed
