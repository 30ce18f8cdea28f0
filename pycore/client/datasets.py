"""Datasets of a server."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import DatasetSummary
from pycore.wire import run_inputs


class Datasets:
    """`pycore.protocols.Datasets` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, experiment_ids: Sequence[str]) -> list[DatasetSummary]:
        """Return the datasets that runs of some experiments used."""
        body = {"experiment_ids": list(experiment_ids)}
        reply = self._transport.call("POST", "mlflow/experiments/search-datasets", body=body, idempotent=True)
        return [run_inputs.summary_from_json(item) for item in reply.get("dataset_summaries", ())]
