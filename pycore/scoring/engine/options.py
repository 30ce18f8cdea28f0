"""What a model host is told when it is started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pycore.config import (
    BATCH_ROWS,
    MODEL_WORKERS,
    QUEUE_REQUESTS,
    SCORING_TIMEOUT_S,
    WORKER_MEMORY_MB,
    WORKER_REQUESTS,
)
from pycore.processors import usable_processors


def default_workers() -> int:
    """Return the configured number of workers, by default the processors this process may use."""
    return MODEL_WORKERS.get() or usable_processors()


@dataclass(frozen=True)
class EngineOptions:
    """How a model is run; every default comes from the settings.

    Parameters
    ----------
    path : Path
        The model's folder.
    workers : int
        Processes that score, each one request (or one batch) at a time.
    timeout_s : float
        From the arrival of a request to its answer. Then its worker is killed.
    memory_mb : int, optional
        Address space of a worker; unlimited without.
    queue_requests : int
        Requests that may wait; further ones are refused.
    batch_rows : int
        Rows that a batch may hold; a single request may have more. 1 turns batching off.
    worker_requests : int
        Requests after which a worker is replaced, which gives back what the model has leaked.
    variables : mapping of str to str
        Environment variables of the model's processes, besides those that may be seen from outside.
    """

    path: Path
    workers: int = field(default_factory=default_workers)
    timeout_s: float = field(default_factory=SCORING_TIMEOUT_S.get)
    memory_mb: int | None = field(default_factory=WORKER_MEMORY_MB.get)
    queue_requests: int = field(default_factory=QUEUE_REQUESTS.get)
    batch_rows: int = field(default_factory=BATCH_ROWS.get)
    worker_requests: int = field(default_factory=WORKER_REQUESTS.get)
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the options as text for a command line."""
        return json.dumps({**asdict(self), "path": str(self.path)})

    @classmethod
    def from_json(cls, text: str) -> EngineOptions:
        """Return the options that `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "path": Path(fields["path"])})
