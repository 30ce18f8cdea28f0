"""SQL of what runs read and made: datasets, and the models used and made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, literal, or_, select

from pycore.entities import (
    Dataset,
    DatasetInput,
    DatasetSummary,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    RunInputs,
    RunOutputs,
)
from pycore.store.children import CHUNK, among
from pycore.store.inserts import insert_numbered, insert_or_ignore
from pycore.store.prepared import Prepared
from pycore.store.search_sql import Related
from pycore.store.tables import datasets, input_tags, run_datasets, run_models, runs

#: The tag of an input that says what the dataset was used for.
CONTEXT_TAG = "mlflow.data.context"

_IS_CONTEXT = and_(
    input_tags.c.run_pk == run_datasets.c.run_pk,
    input_tags.c.dataset_pk == run_datasets.c.dataset_pk,
    input_tags.c.key == CONTEXT_TAG,
)
_DATASETS_OF_RUN = (
    select(literal(1))
    .select_from(
        run_datasets.join(datasets, datasets.c.pk == run_datasets.c.dataset_pk).outerjoin(
            input_tags, _IS_CONTEXT
        )
    )
    .where(run_datasets.c.run_pk == runs.c.pk)
    .correlate(runs)
)
#: What a search of runs may ask of the datasets a run read.
DATASET_FIELDS = {
    "name": Related(_DATASETS_OF_RUN, datasets.c.name),
    "digest": Related(_DATASETS_OF_RUN, datasets.c.digest),
    "context": Related(_DATASETS_OF_RUN, input_tags.c.value),
}
#: Whether a run has any of what this module reads; most have not, and are spared its statements.
HAS_INPUTS_OR_OUTPUTS = or_(
    select(run_datasets.c.run_pk).where(run_datasets.c.run_pk == runs.c.pk).correlate(runs).exists(),
    select(run_models.c.run_pk).where(run_models.c.run_pk == runs.c.pk).correlate(runs).exists(),
).label("has_inputs_or_outputs")

_ADD_DATASET = Prepared(lambda dialect: insert_numbered(datasets, dialect, "pk"))
_DATASET_PK = Prepared(
    lambda _: select(datasets.c.pk).where(
        datasets.c.experiment_id == bindparam("experiment_id"),
        datasets.c.name == bindparam("name"),
        datasets.c.digest == bindparam("digest"),
    )
)
_ADD_INPUT = Prepared(lambda dialect: insert_or_ignore(run_datasets, dialect))
_ADD_TAG = Prepared(lambda dialect: insert_or_ignore(input_tags, dialect))
_ADD_MODEL = Prepared(lambda dialect: insert_or_ignore(run_models, dialect))


def insert_dataset_inputs(
    connection: Connection, run_pk: int, experiment_id: int, inputs: Iterable[DatasetInput]
) -> None:
    """Add datasets to a run; one that the run has already keeps its first tags.

    The caller holds the lock of the experiment, whose datasets are shared by its runs.
    """
    for given in inputs:
        identity = {
            "experiment_id": experiment_id,
            "name": given.dataset.name,
            "digest": given.dataset.digest,
        }
        found = _DATASET_PK.first(connection, **identity)
        if found is None:
            values = {**dict(given.dataset), "experiment_id": experiment_id}
            dataset_pk = _ADD_DATASET.insert(connection, **values)
        else:
            (dataset_pk,) = found
        key = {"run_pk": run_pk, "dataset_pk": dataset_pk}
        if not _has_input(connection, run_pk, dataset_pk):
            _ADD_INPUT.execute(connection, **key)
            _ADD_TAG.execute_many(connection, [{**key, **dict(tag)} for tag in given.tags])


def insert_models(
    connection: Connection,
    run_pk: int,
    used: Iterable[LoggedModelInput] = (),
    made: Iterable[LoggedModelOutput] = (),
) -> None:
    """Add models to a run, those it has already excepted."""
    rows = [{"run_pk": run_pk, "is_output": 0, "model_id": model.model_id, "step": 0} for model in used]
    rows += [
        {"run_pk": run_pk, "is_output": 1, "model_id": model.model_id, "step": model.step} for model in made
    ]
    _ADD_MODEL.execute_many(connection, rows)


def get_inputs(connection: Connection, run_pks: Sequence[int]) -> dict[int, RunInputs]:
    """Return what each of several runs used; runs that used nothing are left out."""
    read = _get_datasets(connection, run_pks)
    used = _get_models(connection, run_pks, is_output=0)
    return {
        run_pk: RunInputs(
            tuple(read.get(run_pk, ())),
            tuple(LoggedModelInput(model_id) for model_id, _ in used.get(run_pk, ())),
        )
        for run_pk in {*read, *used}
    }


def get_outputs(connection: Connection, run_pks: Sequence[int]) -> dict[int, RunOutputs]:
    """Return what each of several runs made; runs that made nothing are left out."""
    made = _get_models(connection, run_pks, is_output=1)
    return {
        run_pk: RunOutputs(tuple(LoggedModelOutput(model, step) for model, step in models))
        for run_pk, models in made.items()
    }


def get_dataset_summaries(connection: Connection, experiment_ids: Sequence[int]) -> list[DatasetSummary]:
    """Return each dataset of several experiments once per context, by experiment, name and digest."""
    columns = (datasets.c.experiment_id, datasets.c.name, datasets.c.digest, input_tags.c.value)
    statement = (
        select(*columns)
        .select_from(
            datasets.join(run_datasets, run_datasets.c.dataset_pk == datasets.c.pk).outerjoin(
                input_tags, _IS_CONTEXT
            )
        )
        .where(among(datasets.c.experiment_id, experiment_ids))
        .distinct()
        .order_by(*columns)
    )
    return [
        DatasetSummary(str(experiment_id), name, digest, context)
        for experiment_id, name, digest, context in connection.execute(statement)
    ]


def _has_input(connection: Connection, run_pk: int, dataset_pk: int) -> bool:
    columns = run_datasets.c
    statement = select(columns.run_pk).where(columns.run_pk == run_pk, columns.dataset_pk == dataset_pk)
    return connection.execute(statement).first() is not None


def _get_datasets(connection: Connection, run_pks: Sequence[int]) -> dict[int, list[DatasetInput]]:
    found: dict[int, list[DatasetInput]] = {}
    for chunk in _chunks(run_pks):
        rows = connection.execute(_among_runs(_DATASETS, chunk)).all()
        if not rows:
            continue
        tags: dict[tuple[int, int], list[InputTag]] = {}
        for run_pk, dataset_pk, key, value in connection.execute(_among_runs(_TAGS, chunk)):
            tags.setdefault((run_pk, dataset_pk), []).append(InputTag(key, value))
        for run_pk, dataset_pk, *fields in rows:
            given = DatasetInput(Dataset(*fields), tuple(tags.get((run_pk, dataset_pk), ())))
            found.setdefault(run_pk, []).append(given)
    return found


def _get_models(
    connection: Connection, run_pks: Sequence[int], is_output: int
) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = {}
    for chunk in _chunks(run_pks):
        statement = _among_runs(_MODELS.where(run_models.c.is_output == is_output), chunk)
        for run_pk, model_id, step in connection.execute(statement):
            found.setdefault(run_pk, []).append((model_id, step))
    return found


_DATASETS = (
    select(
        run_datasets.c.run_pk,
        datasets.c.pk,
        *(datasets.c[name] for name in ("name", "digest", "source_type", "source", "schema", "profile")),
    )
    .join_from(run_datasets, datasets, datasets.c.pk == run_datasets.c.dataset_pk)
    .order_by(run_datasets.c.run_pk, datasets.c.pk)
)
_TAGS = select(input_tags).order_by(input_tags.c.run_pk, input_tags.c.dataset_pk, input_tags.c.key)
_MODELS = select(run_models.c.run_pk, run_models.c.model_id, run_models.c.step).order_by(
    run_models.c.run_pk, run_models.c.step, run_models.c.model_id
)


def _chunks(run_pks: Sequence[int]) -> list[Sequence[int]]:
    return [run_pks[start : start + CHUNK] for start in range(0, len(run_pks), CHUNK)]


def _among_runs(statement: Select[Any], run_pks: Sequence[int]) -> Select[Any]:
    return statement.where(among(statement.selected_columns.run_pk, run_pks))
