"""Datasets over REST; runs log them."""

from __future__ import annotations

from pycore.protocols import Api
from pycore.wire import run_inputs as wire
from pycore.wire.encoding import JsonObject, without_absent
from pycore.wire.request import Arguments


def search(api: Api, arguments: Arguments) -> JsonObject:
    """Return the datasets that runs of some experiments used."""
    found = api.datasets.search(arguments.identifiers("experiment_ids"))
    return without_absent({"dataset_summaries": [wire.summary_to_json(summary) for summary in found]})
