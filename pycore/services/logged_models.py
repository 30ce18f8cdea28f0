"""The rules of logged models: their name, their state, what they carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter

from sqlalchemy import Connection

from pycore import search, store
from pycore.entities import (
    DatasetFilter,
    LifecycleStage,
    LoggedModel,
    LoggedModelOrder,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    PagedList,
)
from pycore.entities.experiment import experiment_number
from pycore.errors import InvalidInput, NotFound
from pycore.services import keys, limits, locations
from pycore.services.experiments import active_experiment
from pycore.services.run_names import random_run_name
from pycore.store import logged_models as rows

_NOT_IN_NAMES = frozenset("/:.%\"'")
#: Spellings of a state in filters -> the stored one.
_STATUS_NAMES = {
    **{status.value: status.protocol_name for status in LoggedModelStatus},
    **{str(status.to_int()): status.protocol_name for status in LoggedModelStatus},
    **{f"LOGGED_MODEL_{status.protocol_name}": status.protocol_name for status in LoggedModelStatus},
}


class LoggedModelService:
    """Logged models in a database; see `pycore.protocols.LoggedModels`."""

    def __init__(self, database: store.Database, clock: Callable[[], int], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    def create(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Sequence[LoggedModelTag] = (),
        params: Sequence[LoggedModelParameter] = (),
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a model whose files are still to come."""
        name = _checked_name(name) if name else random_run_name()
        limits.check_length(source_run_id or "", limits.KEY_LENGTH, "The source run id")
        _check_tags(tags)
        _check_params(params)
        model_id = f"m-{self._new_id()}"
        now_ms = self._clock()
        with self._database.transaction() as connection:
            experiment = active_experiment(connection, experiment_id)
            model = LoggedModel(
                model_id=model_id,
                experiment_id=str(int(experiment_id)),
                name=name,
                artifact_location=locations.join(
                    experiment.artifact_location, "models", model_id, "artifacts"
                ),
                creation_timestamp=now_ms,
                last_updated_timestamp=now_ms,
                model_type=model_type or "",
                source_run_id=source_run_id or "",
            )
            pk = rows.insert_logged_model(connection, model)
            rows.set_logged_model_tags(connection, pk, tags)
            _add_params(connection, pk, params)
            return _read(connection, model_id)

    def get(self, model_id: str) -> LoggedModel:
        """Return a model that is not deleted."""
        with self._database.reading() as connection:
            return _read(connection, model_id)

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say whether the files arrived."""
        with self._database.transaction() as connection:
            row = lock_model(connection, model_id)
            name = LoggedModelStatus(status).protocol_name
            rows.update_logged_model(connection, row.pk, self._clock(), status=name)
            model = rows.get_logged_model(connection, model_id, with_deleted=True)
        assert model is not None
        return model

    def delete(self, model_id: str) -> None:
        """Delete softly; deleting again does nothing."""
        with self._database.transaction() as connection:
            row = lock_model(connection, model_id)
            if row.lifecycle_stage == LifecycleStage.ACTIVE:
                now_ms = self._clock()
                rows.update_logged_model(
                    connection, row.pk, now_ms, lifecycle_stage=LifecycleStage.DELETED, deleted_time=now_ms
                )

    def set_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        """Set or replace tags."""
        _check_tags(tags)
        with self._database.transaction() as connection:
            rows.set_logged_model_tags(connection, lock_model(connection, model_id).pk, tags)

    def delete_tag(self, model_id: str, key: str) -> None:
        """Remove a tag."""
        with self._database.transaction() as connection:
            if not rows.delete_logged_model_tag(connection, lock_model(connection, model_id).pk, key):
                raise NotFound(f"No tag with name {key!r} in logged model with id {model_id}.")

    def log_params(self, model_id: str, params: Sequence[LoggedModelParameter]) -> None:
        """Write parameters, each once."""
        _check_params(params)
        with self._database.transaction() as connection:
            _add_params(connection, lock_model(connection, model_id).pk, params)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        datasets: Sequence[DatasetFilter] = (),
        max_results: int = 50,
        order_by: Sequence[LoggedModelOrder] = (),
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of models."""
        limits.check_max_results(max_results, limits.LOGGED_MODELS_PAGE)
        if not all(dataset.dataset_name for dataset in datasets):
            raise InvalidInput("Missing value for required parameter 'dataset_name' of a dataset.")
        clauses = search.parse_filter(filter_string, search.LOGGED_MODELS)
        filter = tuple(_measured_on(_with_status_name(clause), datasets) for clause in clauses)
        order = _order(order_by)
        numbers = sorted({n for n in map(experiment_number, experiment_ids) if n is not None})
        scope = (search.LOGGED_MODELS.name, filter, order, tuple(datasets), numbers)
        position = search.read_token(page_token, scope)
        if not numbers:
            return PagedList()
        with self._database.reading() as connection:
            found, end = rows.search_logged_models(
                connection, numbers, filter, datasets, order, position, max_results
            )
        return PagedList(found, search.write_token(end, scope) if end else None)


def lock_model(connection: Connection, model_id: str) -> rows.LoggedModelRow:
    """Return the row of a logged model, deleted or not; no other transaction writes to it meanwhile."""
    row = rows.lock_logged_model(connection, model_id)
    if row is None:
        raise unknown_logged_model(model_id)
    return row


def log_points(connection: Connection, run_id: str, points: Sequence[Metric]) -> None:
    """Keep those points of a run's metrics that name a logged model with that model as well."""
    of_models = [(point.model_id, point) for point in points if point.model_id is not None]
    # Two batches that lock several models in different orders may wait for each other.
    for model_id, point in sorted(of_models, key=itemgetter(0)):
        limits.check_length(point.dataset_name or "", limits.DATASET_NAME_LENGTH, "The name of a dataset")
        limits.check_length(
            point.dataset_digest or "", limits.DATASET_DIGEST_LENGTH, "The digest of a dataset"
        )
        row = rows.lock_logged_model(connection, model_id)
        if row is None:
            raise InvalidInput(
                f"Logged model with id={model_id} not found, which the metric {point.key!r} names."
            )
        rows.insert_logged_model_metric(connection, row.pk, run_id, point)


def _read(connection: Connection, model_id: str) -> LoggedModel:
    model = rows.get_logged_model(connection, model_id)
    if model is None:
        raise unknown_logged_model(model_id)
    return model


def unknown_logged_model(model_id: str) -> NotFound:
    """Return the error for an id that no logged model has."""
    return NotFound(f"Logged model with id={model_id} not found.")


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not _NOT_IN_NAMES.isdisjoint(name):
        raise InvalidInput(
            f"Invalid model name: {name!r}. A name cannot contain any of {' '.join(sorted(_NOT_IN_NAMES))}."
        )
    limits.check_length(name, limits.DATASET_NAME_LENGTH, "The model name")
    return name


def _check_tags(tags: Sequence[LoggedModelTag]) -> None:
    for tag in tags:
        keys.check_key(tag.key, "tag")
        keys.check_value(tag.value, "tag")


def _check_params(params: Sequence[LoggedModelParameter]) -> None:
    for param in params:
        keys.check_key(param.key, "param")
        keys.check_value(param.value, "param")


def _add_params(connection: Connection, pk: int, params: Sequence[LoggedModelParameter]) -> None:
    present = rows.get_logged_model_params(connection, pk)
    wanted = dict(present)
    for param in params:
        old = wanted.setdefault(param.key, param.value)
        if old != param.value:
            raise InvalidInput(
                f"Changing param values is not allowed. Param with key={param.key!r} was already logged with "
                f"value={old[:100]!r}; the new value is {param.value[:100]!r}. Use another key, or a tag."
            )
    new = [LoggedModelParameter(key, value) for key, value in wanted.items() if key not in present]
    rows.insert_logged_model_params(connection, pk, new)


def _with_status_name(clause: search.Clause) -> search.Clause:
    # Official servers compare the number of the state; people write its name.
    if clause.field != search.Field(search.Entity.ATTRIBUTE, "status"):
        return clause
    if isinstance(clause.value, tuple):
        return replace(clause, value=tuple(_STATUS_NAMES.get(value, value) for value in clause.value))
    return replace(clause, value=_STATUS_NAMES.get(str(clause.value), clause.value))


def _measured_on(clause: search.Clause, datasets: Sequence[DatasetFilter]) -> search.Clause:
    if clause.field.entity is not search.Entity.METRIC:
        return clause
    return replace(clause, field=replace(clause.field, datasets=tuple(datasets)))


def _order(entries: Sequence[LoggedModelOrder]) -> search.Order:
    texts = [f"{entry.field_name} {'ASC' if entry.ascending else 'DESC'}" for entry in entries]
    order = list(search.parse_order_by(texts, search.LOGGED_MODELS))
    for index, entry in enumerate(entries):
        if entry.dataset is None:
            continue
        field = order[index].field
        if field.entity is not search.Entity.METRIC:
            raise InvalidInput(
                f"Only a metric can be that on one dataset: {entry.field_name!r} is none; leave "
                "dataset_name out."
            )
        order[index] = replace(order[index], field=replace(field, datasets=(entry.dataset,)))
    return tuple(order)
