"""The history of metrics over REST."""

from __future__ import annotations

from pycore.protocols import Api
from pycore.wire import metrics as wire
from pycore.wire.encoding import JsonObject, page_to_json
from pycore.wire.request import Arguments


def get_history(api: Api, arguments: Arguments) -> JsonObject:
    """Return the points of one metric of one run, or a page of them."""
    page = api.metrics.get_history(
        arguments.run_id(),
        arguments.text("metric_key"),
        arguments.integer("max_results", None),
        arguments.page_token(),
    )
    return page_to_json("metrics", [wire.to_json(point) for point in page], page.token)
