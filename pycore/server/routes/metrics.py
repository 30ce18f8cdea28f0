"""The history of metrics over REST."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pycore.entities import Metric, PagedList
from pycore.errors import InvalidInput
from pycore.protocols import Api
from pycore.wire import metrics as wire
from pycore.wire.encoding import JsonObject, list_to_stream, page_to_json
from pycore.wire.request import Arguments

#: Limits of metrics/get-history-bulk in the MLflow REST protocol.
_MAX_BULK_RUNS = 100
_MAX_BULK_POINTS = 25_000
#: Of a whole history that many are in memory at a time.
_STREAMED_POINTS = 5_000


def get_history(api: Api, arguments: Arguments) -> JsonObject | Iterator[bytes]:
    """Return the points of one metric of one run, or a page of them; a long history as a stream."""
    run_id, key = arguments.run_id(), arguments.text("metric_key")
    max_results = arguments.integer("max_results", None)
    page = api.metrics.get_history(
        run_id, key, _STREAMED_POINTS if max_results is None else max_results, arguments.page_token()
    )
    if max_results is None and page.token:
        return list_to_stream("metrics", _pages(api, run_id, key, page))
    return page_to_json("metrics", _list_to_json(page), page.token)


def get_history_bulk(api: Api, arguments: Arguments) -> JsonObject:
    """Return the points of one metric of several runs, run by run, up to a number in all."""
    run_ids = sorted(set(arguments.texts("run_id")))
    if not 0 < len(run_ids) <= _MAX_BULK_RUNS:
        raise InvalidInput(f"Expected 1 to {_MAX_BULK_RUNS} values of 'run_id', got {len(run_ids)}.")
    key = arguments.text("metric_key")
    wanted = min(arguments.integer("max_results", _MAX_BULK_POINTS), _MAX_BULK_POINTS)
    points: list[JsonObject] = []
    for run_id in run_ids:
        page = api.metrics.get_history(run_id, key, wanted - len(points))
        points += [{**wire.to_json(point), "run_id": run_id} for point in page]
        if len(points) == wanted:
            break
    return {"metrics": points}


def get_history_bulk_interval(api: Api, arguments: Arguments) -> JsonObject:
    """Return points of one metric of several runs, few enough to draw."""
    points = api.metrics.get_interval(
        arguments.texts("run_ids"),
        arguments.text("metric_key"),
        arguments.integer("start_step", None),
        arguments.integer("end_step", None),
        arguments.integer("max_results", 2500),
    )
    return {"metrics": [{**wire.to_json(point), "run_id": point.run_id} for point in points]}


def _pages(api: Api, run_id: str, key: str, page: PagedList[Metric]) -> Iterator[list[JsonObject]]:
    yield _list_to_json(page)
    while page.token:
        page = api.metrics.get_history(run_id, key, _STREAMED_POINTS, page.token)
        yield _list_to_json(page)


def _list_to_json(points: Iterable[Metric]) -> list[JsonObject]:
    return [wire.to_json(point) for point in points]
