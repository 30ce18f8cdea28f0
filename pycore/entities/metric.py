"""One point of a metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True)
class Metric(Entity):
    """A number measured in a run.

    Attributes
    ----------
    key : str
    value : float
        NaN and the infinities are legal.
    timestamp : int
        Milliseconds since 1970 UTC.
    step : int
        Position in training; may be negative.
    model_id : str or None
        Logged model that was measured as well.
    dataset_name, dataset_digest : str or None
        What it was measured on.
    run_id : str or None
        Where points of several runs come together.
    """

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    def rank(self) -> tuple[int, int, float]:
        """Return the sort key by which the latest point of a key is chosen: step, time, value.

        NaN ranks as 0 (tracking REST reference, section 6).
        """
        return self.step, self.timestamp, 0.0 if math.isnan(self.value) else self.value
