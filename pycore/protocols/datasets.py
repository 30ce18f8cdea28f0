"""What can be asked about datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pycore.entities import DatasetSummary


class Datasets(Protocol):
    """Datasets that runs used; `Runs.log_inputs` writes them."""

    def search(self, experiment_ids: Sequence[str]) -> list[DatasetSummary]:
        """Return each dataset once per context, for 1 to 20 experiments; unknown ones have none."""
        ...
