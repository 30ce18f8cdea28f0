"""SQL of runs. What runs log is in `metrics`, `params` and `tags`, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from pycore.entities import Run, RunData, RunInfo, RunInputs, RunOutputs
from pycore.search import Entity, Filter, Order, Position
from pycore.store.children import among
from pycore.store.inserts import insert_numbered
from pycore.store.metrics import get_latest_metrics
from pycore.store.params import get_params
from pycore.store.prepared import Prepared
from pycore.store.run_inputs import DATASET_FIELDS, HAS_INPUTS_OR_OUTPUTS, get_inputs, get_outputs
from pycore.store.search_sql import Search, Subject
from pycore.store.tables import latest_metrics, params, runs, tags
from pycore.store.tags import get_tags

_SUBJECT = Subject(
    source=runs,
    attributes={
        name: runs.c[name]
        for name in ("run_id", "run_name", "status", "user_id", "artifact_uri", "start_time", "end_time")
    },
    keyed={Entity.METRIC: latest_metrics, Entity.PARAM: params, Entity.TAG: tags},
    link=(("run_pk", runs.c.pk),),
    nullable=frozenset({"end_time"}),
    related={Entity.DATASET: DATASET_FIELDS},
)

_NO_INPUTS = RunInputs()
_NO_OUTPUTS = RunOutputs()

_INSERT = Prepared(lambda dialect: insert_numbered(runs, dialect, "pk"))
# The fields of `RunInfo` in their order, and what leads to the rest of a run.
_INFO = tuple(runs.c[field.name] for field in fields(RunInfo))
_WHOLE = (*_INFO, runs.c.pk, HAS_INPUTS_OR_OUTPUTS)
_GET = Prepared(lambda _: select(*_WHOLE).where(runs.c.run_id == bindparam("run_id")))
_LOCK = Prepared(
    lambda _: (
        select(runs.c.pk, runs.c.experiment_id, runs.c.lifecycle_stage)
        .where(runs.c.run_id == bindparam("run_id"))
        .with_for_update(key_share=True)
    )
)


class _Whole(NamedTuple):
    """A run, and what leads to the rest of it."""

    info: RunInfo
    pk: int
    has_inputs_or_outputs: bool


class RunRow(NamedTuple):
    """What a write needs to know of its run.

    Attributes
    ----------
    pk : int
        Row number, the key of everything the run logs.
    """

    pk: int
    experiment_id: int
    lifecycle_stage: str


def insert_run(connection: Connection, info: RunInfo) -> RunRow:
    """Add a run."""
    experiment_id = int(info.experiment_id)
    values = {**dict(info), "experiment_id": experiment_id, "deleted_time": None}
    pk = _INSERT.insert(connection, **values)
    return RunRow(pk, experiment_id, info.lifecycle_stage)


def lock_run(connection: Connection, run_id: str) -> RunRow | None:
    """Return a run's row; no other transaction writes to the run before this one ends."""
    row = _LOCK.first(connection, run_id=run_id)
    return None if row is None else RunRow(*row)


def get_run_info(connection: Connection, run_id: str) -> RunInfo | None:
    """Return a run without what it logged."""
    row = _GET.first(connection, run_id=run_id)
    return None if row is None else _info(row)


def get_run(connection: Connection, run_id: str) -> Run | None:
    """Return a run with what it logged."""
    row = _GET.first(connection, run_id=run_id)
    return None if row is None else _with_data(connection, [row])[0]


def update_run(connection: Connection, pk: int, **values: Any) -> None:
    """Replace the given columns of a run."""
    connection.execute(update(runs).where(runs.c.pk == pk).values(**values))


def move_all_runs(
    connection: Connection, experiment_id: int, from_stage: str, to_stage: str, deleted_time: int | None
) -> None:
    """Move all runs of an experiment that are in a lifecycle stage to another."""
    connection.execute(
        update(runs)
        .where(runs.c.experiment_id == experiment_id, runs.c.lifecycle_stage == from_stage)
        .values(lifecycle_stage=to_stage, deleted_time=deleted_time)
    )


def search_runs(
    connection: Connection,
    experiment_ids: Sequence[int],
    stages: Sequence[str],
    filter: Filter,
    order: Order,
    position: Position | None,
    limit: int,
) -> tuple[list[Run], Position | None]:
    """Return a page, and where it ends if more follow."""
    search = _search(connection.dialect.name, tuple(experiment_ids), tuple(stages), filter, order)
    rows, end = search.find_page(connection, position, limit)
    return _with_data(connection, rows), end


# Making a statement takes longer than running it, and the same search is asked again: for its next pages,
# and by who looks how runs come along.
@lru_cache(maxsize=64)
def _search(
    dialect: str, experiment_ids: tuple[int, ...], stages: tuple[str, ...], filter: Filter, order: Order
) -> Search:
    return Search(
        dialect,
        _SUBJECT,
        _WHOLE,
        where=[among(runs.c.experiment_id, experiment_ids), runs.c.lifecycle_stage.in_(stages)],
        experiment_ids=experiment_ids,
        filter=filter,
        order=order,
    )


def _with_data(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Run]:
    """Return the runs of rows; one query per kind of data, however many runs."""
    found = [_Whole(_info(row), *row[len(_INFO) : len(_WHOLE)]) for row in rows]
    pks = [run.pk for run in found]
    points = get_latest_metrics(connection, pks)
    entries = get_params(connection, pks)
    texts = get_tags(connection, pks)
    linked = [run.pk for run in found if run.has_inputs_or_outputs]
    inputs = get_inputs(connection, linked)
    outputs = get_outputs(connection, linked)
    return [
        Run(
            run.info,
            RunData(tuple(points[run.pk]), entries[run.pk], texts[run.pk]),
            inputs.get(run.pk, _NO_INPUTS),
            outputs.get(run.pk, _NO_OUTPUTS),
        )
        for run in found
    ]


def _info(row: Sequence[Any]) -> RunInfo:
    run_id, experiment_id, *others = row[: len(_INFO)]
    return RunInfo(run_id, str(experiment_id), *others)
