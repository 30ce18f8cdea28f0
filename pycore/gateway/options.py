"""What a gateway is told when it is started."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from pycore.config import (
    BATCH_ROWS,
    GATEWAY_IDLE_S,
    GATEWAY_MEMORY_MB,
    GATEWAY_START_S,
    SCORING_TIMEOUT_S,
)
from pycore.scoring.engine.options import default_workers

_MB = 1 << 20


def default_memory_mb() -> int:
    """Return the configured memory of all engines, by default half of the machine's."""
    return GATEWAY_MEMORY_MB.get() or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB // 2


@dataclass(frozen=True)
class GatewayOptions:
    """How engines are run; every default comes from the settings.

    Parameters
    ----------
    workers : int
        Processes of each engine that score.
    timeout_s : float
        From the arrival of a request at its engine to its answer.
    batch_rows : int
        Rows of waiting requests that may be scored by one call.
    memory_mb : int
        All engines together; beyond it those end that nobody uses, least recently used first.
    idle_s : float
        An engine that nobody has used for so long ends.
    start_s : float
        How long a request waits for an engine to start.
    with_library : bool
        R models run with the packages they were saved with, installed before the engine starts.
    repositories : tuple of str
        Where those come from; what is set for the machine, or written in the model, if empty.
    """

    workers: int = field(default_factory=default_workers)
    timeout_s: float = field(default_factory=SCORING_TIMEOUT_S.get)
    batch_rows: int = field(default_factory=BATCH_ROWS.get)
    memory_mb: int = field(default_factory=default_memory_mb)
    idle_s: float = field(default_factory=GATEWAY_IDLE_S.get)
    start_s: float = field(default_factory=GATEWAY_START_S.get)
    with_library: bool = False
    repositories: tuple[str, ...] = ()
