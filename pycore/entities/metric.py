"""One point of a metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pycore.entities.entity import Entity


@dataclass(frozen=True, init=False)
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

    def __init__(
        self,
        key: str,
        value: float,
        timestamp: int,
        step: int = 0,
        model_id: str | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        run_id: str | None = None,
    ) -> None:
        # A page of runs has thousands of points. What `dataclass` writes for a frozen class sets each field
        # by a call of its own, which takes three times as long.
        self.__dict__.update(
            key=key,
            value=value,
            timestamp=timestamp,
            step=step,
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_digest=dataset_digest,
            run_id=run_id,
        )

    def rank(self) -> tuple[int, int, float]:
        """Return the sort key by which the latest point of a key is chosen: step, time, value.

        NaN ranks as 0 (tracking REST reference, section 6).
        """
        return self.step, self.timestamp, 0.0 if math.isnan(self.value) else self.value
