"""The rules of runs: their life, their name, and what they log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from pycore import config, search, store
from pycore.entities import (
    DatasetInput,
    LifecycleStage,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    PagedList,
    Param,
    Run,
    RunData,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
)
from pycore.entities.experiment import experiment_number
from pycore.errors import InvalidInput, NotFound
from pycore.services import keys, limits, locations
from pycore.services.datasets import check_dataset_input, check_model_id
from pycore.services.experiments import active_experiment, lock_experiment
from pycore.services.logged_models import log_points
from pycore.services.run_names import random_run_name
from pycore.store import metrics as metric_rows
from pycore.store import params as param_rows
from pycore.store import run_inputs as input_rows
from pycore.store import runs as rows
from pycore.store import tags as tag_rows

_log = logging.getLogger(__name__)

#: The tag that holds the run's name a second time; clients read either.
RUN_NAME_TAG = "mlflow.runName"
#: The tag that lists the models a run logged.
MODEL_HISTORY_TAG = "mlflow.log-model.history"

_MODEL_REQUIRED = ("run_id", "artifact_path", "utc_time_created", "flavors")
_MODEL_OPTIONAL = ("signature", "saved_input_example_info", "metadata")

_Entry = TypeVar("_Entry", Param, RunTag)


class RunService:
    """Runs in a database; see `pycore.protocols.Runs`."""

    def __init__(self, database: store.Database, clock: Callable[[], int], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    def create(
        self,
        experiment_id: str,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[RunTag] = (),
        run_name: str | None = None,
    ) -> Run:
        """Make a running run."""
        if start_time is None:
            start_time = self._clock()
        limits.check_int64(start_time, "the start time")
        wanted = {tag.key: tag for tag in map(_checked_tag, tags)}
        name = _chosen_name(run_name, wanted.get(RUN_NAME_TAG))
        wanted[RUN_NAME_TAG] = RunTag(RUN_NAME_TAG, name)
        run_id = self._new_id()
        with self._database.transaction() as connection:
            experiment = active_experiment(connection, experiment_id)
            info = RunInfo(
                run_id=run_id,
                experiment_id=str(int(experiment_id)),
                run_name=name,
                user_id=user_id,
                status=RunStatus.RUNNING.name,
                start_time=start_time,
                end_time=None,
                artifact_uri=locations.join(experiment.artifact_location, run_id, "artifacts"),
            )
            row = rows.insert_run(connection, info)
            tag_rows.set_tags(connection, row.pk, row.experiment_id, wanted.values())
        return Run(info, RunData(tags={key: wanted[key].value for key in sorted(wanted)}))

    def get(self, run_id: str) -> Run:
        """Return the run, deleted or not."""
        with self._database.reading() as connection:
            run = rows.get_run(connection, run_id)
        if run is None:
            raise _unknown(run_id)
        return run

    def update(
        self,
        run_id: str,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change what is given and return the row as it now stands."""
        values: dict[str, Any] = {}
        if status is not None:
            values["status"] = RunStatus(status).name
        if end_time is not None:
            limits.check_int64(end_time, "the end time")
            values["end_time"] = end_time
        tags = [_checked_tag(RunTag(RUN_NAME_TAG, run_name))] if run_name else []
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            if values:
                rows.update_run(connection, row.pk, **values)
            _set_tags(connection, row, tags)
            info = rows.get_run_info(connection, run_id)
        assert info is not None
        return info

    def delete(self, run_id: str) -> None:
        """Delete softly; deleting again does nothing."""
        self._move(run_id, LifecycleStage.DELETED)

    def restore(self, run_id: str) -> None:
        """Undo `delete`; restoring an active run does nothing."""
        self._move(run_id, LifecycleStage.ACTIVE)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs."""
        limits.check_max_results(max_results, limits.RUNS_PAGE)
        filter = search.parse_filter(filter_string, search.RUNS)
        order = search.parse_order_by(order_by, search.RUNS)
        numbers = sorted({n for n in map(experiment_number, experiment_ids) if n is not None})
        stages = ViewType(view_type).stages()
        scope = (search.RUNS.name, filter, order, stages, numbers)
        position = search.read_token(page_token, scope)
        if not numbers:
            return PagedList()
        with self._database.reading() as connection:
            found, end = rows.search_runs(connection, numbers, stages, filter, order, position, max_results)
        return PagedList(found, search.write_token(end, scope) if end else None)

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Append a point; the same point again is stored once."""
        point = _checked_metric(metric)
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            metric_rows.insert_metrics(connection, row.pk, row.experiment_id, [point])
            log_points(connection, run_id, [point])

    def log_param(self, run_id: str, param: Param) -> None:
        """Write a parameter once."""
        entry = _checked_param(param)
        with self._database.transaction() as connection:
            _add_params(connection, _active_run(connection, run_id), [entry])

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        """Log all or, when anything is refused, nothing."""
        _check_batch_size(metrics, params, tags)
        points = [_checked_metric(metric) for metric in metrics]
        entries = [_checked_param(param) for param in params]
        texts = [_checked_tag(tag) for tag in tags]
        _check_distinct(entries)
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            _add_params(connection, row, entries)
            metric_rows.insert_metrics(connection, row.pk, row.experiment_id, points)
            log_points(connection, run_id, points)
            _set_tags(connection, row, texts)

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Set or replace a tag; ``mlflow.runName`` renames the run."""
        entry = _checked_tag(tag)
        with self._database.transaction() as connection:
            _set_tags(connection, _active_run(connection, run_id), [entry])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag."""
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            if not tag_rows.delete_tag(connection, row.pk, key):
                raise NotFound(f"No tag with name {key!r} in run with id {run_id}.")

    def log_model(self, run_id: str, model_json: str) -> None:
        """Note a model in the run's tag ``mlflow.log-model.history``."""
        entry = _history_entry(model_json)
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            text = tag_rows.get_tag(connection, row.pk, MODEL_HISTORY_TAG)
            history = [*_history(text), entry]
            # The history may be longer than a tag that a client sets.
            tag = RunTag(MODEL_HISTORY_TAG, json.dumps(history))
            tag_rows.set_tags(connection, row.pk, row.experiment_id, [tag])

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] = (),
        models: Sequence[LoggedModelInput] = (),
    ) -> None:
        """Note datasets and models that the run uses."""
        for given in datasets:
            check_dataset_input(given)
        for model in models:
            check_model_id(model.model_id)
        with self._database.transaction() as connection:
            _lock_experiment_of(connection, run_id)
            row = _active_run(connection, run_id)
            input_rows.insert_dataset_inputs(connection, row.pk, row.experiment_id, datasets)
            input_rows.insert_models(connection, row.pk, used=models)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that the run makes."""
        for model in models:
            check_model_id(model.model_id)
            limits.check_int64(model.step, f"the step of the model {model.model_id!r}")
        with self._database.transaction() as connection:
            row = _active_run(connection, run_id)
            input_rows.insert_models(connection, row.pk, made=models)

    def _move(self, run_id: str, stage: str) -> None:
        with self._database.transaction() as connection:
            _lock_experiment_of(connection, run_id)
            row = _existing_run(connection, run_id)
            if row.lifecycle_stage == LifecycleStage.REMOVING:
                raise NotFound(f"Run with id={run_id} not found: it is being removed for good.")
            if row.lifecycle_stage != stage:
                deleted_time = self._clock() if stage == LifecycleStage.DELETED else None
                rows.update_run(connection, row.pk, lifecycle_stage=stage, deleted_time=deleted_time)


def _lock_experiment_of(connection: Connection, run_id: str) -> None:
    """Lock the experiment of a run, for a write that touches what others find through the experiment.

    It comes before the run itself: whoever deletes an experiment locks it first and then its runs, and two
    that lock in different orders may wait for each other.
    """
    info = rows.get_run_info(connection, run_id)
    if info is None:
        raise _unknown(run_id)
    lock_experiment(connection, info.experiment_id)


def _existing_run(connection: Connection, run_id: str) -> rows.RunRow:
    row = rows.lock_run(connection, run_id)
    if row is None:
        raise _unknown(run_id)
    return row


def _active_run(connection: Connection, run_id: str) -> rows.RunRow:
    row = _existing_run(connection, run_id)
    if row.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidInput(
            f"The run {run_id} must be in the 'active' state. Current state is {row.lifecycle_stage}. "
            "Restore it first."
        )
    return row


def _unknown(run_id: str) -> NotFound:
    return NotFound(f"Run with id={run_id} not found.")


def _add_params(connection: Connection, row: rows.RunRow, entries: Sequence[Param]) -> None:
    if not entries:
        return
    present = param_rows.get_values(connection, row.pk, [entry.key for entry in entries])
    for entry in entries:
        old = present.get(entry.key, entry.value)
        if old != entry.value:
            raise InvalidInput(
                f"Changing param values is not allowed. Param with key={entry.key!r} was already logged with "
                f"value={old[:100]!r}; the new value is {entry.value[:100]!r}. Use another key, or a tag."
            )
    new = [entry for entry in entries if entry.key not in present]
    param_rows.insert_params(connection, row.pk, row.experiment_id, new)


def _set_tags(connection: Connection, row: rows.RunRow, tags: Sequence[RunTag]) -> None:
    for tag in tags:
        # A run without a name cannot be told from others in a list.
        if tag.key == RUN_NAME_TAG and tag.value:
            rows.update_run(connection, row.pk, run_name=tag.value)
    tag_rows.set_tags(connection, row.pk, row.experiment_id, tags)


def _chosen_name(run_name: str | None, tag: RunTag | None) -> str:
    from_tag = tag.value if tag else ""
    if run_name and from_tag and run_name != from_tag:
        raise InvalidInput(
            f"The run name {run_name!r} and the tag {RUN_NAME_TAG} {from_tag!r} differ: give one of "
            "them, or equal ones."
        )
    name = run_name or from_tag or random_run_name()
    return _cut(RunTag(RUN_NAME_TAG, name), limits.RUN_TAG_VALUE_LENGTH, "tag").value


def _checked_metric(metric: Metric) -> Metric:
    keys.check_key(metric.key, "metric")
    try:
        value = float(metric.value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"Invalid value {metric.value!r} for parameter 'value' of the metric {metric.key!r}: "
            "expected a number."
        ) from error
    limits.check_int64(metric.timestamp, f"the timestamp of the metric {metric.key!r}")
    limits.check_int64(metric.step, f"the step of the metric {metric.key!r}")
    if metric.timestamp < 0:
        raise InvalidInput(
            f"Invalid value {metric.timestamp} for the timestamp of the metric {metric.key!r}: expected "
            "milliseconds since 1970."
        )
    # Copying is slow, and most values are doubles already.
    return metric if type(metric.value) is float else replace(metric, value=value)


def _checked_param(param: Param) -> Param:
    keys.check_key(param.key, "param")
    keys.check_value(param.value, "param")
    return _cut(param, limits.PARAM_VALUE_LENGTH, "param")


def _checked_tag(tag: RunTag) -> RunTag:
    keys.check_key(tag.key, "tag")
    keys.check_value(tag.value, "tag")
    return _cut(tag, limits.RUN_TAG_VALUE_LENGTH, "tag")


def _cut(entry: _Entry, limit: int, what: str) -> _Entry:
    if len(entry.value) <= limit:
        return entry
    if not config.TRUNCATE_LONG_VALUES.get():
        limits.check_length(entry.value, limit, f"The value of the {what} {entry.key!r},")
    _log.warning("The value of the %s %r was cut to %d characters.", what, entry.key, limit)
    return replace(entry, value=entry.value[:limit])


def _check_batch_size(metrics: Sequence[object], params: Sequence[object], tags: Sequence[object]) -> None:
    total = len(metrics) + len(params) + len(tags)
    for count, limit, what in (
        (len(metrics), limits.BATCH_METRICS, "metrics"),
        (len(params), limits.BATCH_PARAMS, "params"),
        (len(tags), limits.BATCH_TAGS, "tags"),
        (total, limits.BATCH_ITEMS, "metrics, params and tags together"),
    ):
        if count > limit:
            raise InvalidInput(
                f"A batch can contain at most {limit} {what}; this one has {count}. Split it into several."
            )


def _check_distinct(params: Sequence[Param]) -> None:
    seen = [param.key for param in params]
    duplicates = sorted({key for key in seen if seen.count(key) > 1}) if len(set(seen)) < len(seen) else []
    if duplicates:
        raise InvalidInput(f"Duplicate parameter keys have been submitted: {duplicates}. Give each key once.")


def _history_entry(model_json: str) -> dict[str, Any]:
    try:
        model = json.loads(model_json)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"Malformed model info: model_json is not JSON ({error}).") from error
    missing = [key for key in _MODEL_REQUIRED if key not in model] if isinstance(model, dict) else None
    if missing is None:
        raise InvalidInput("Malformed model info: model_json is not a JSON object.")
    if missing:
        raise InvalidInput(f"Malformed model info: model_json lacks {', '.join(missing)}.")
    entry = {key: model[key] for key in _MODEL_REQUIRED}
    entry["model_uuid"] = model.get("model_uuid")
    entry.update({key: model[key] for key in _MODEL_OPTIONAL if key in model})
    return entry


def _history(text: str | None) -> list[Any]:
    if text is None:
        return []
    try:
        history = json.loads(text)
    except ValueError:
        history = None
    if not isinstance(history, list):
        raise InvalidInput(
            f"The tag {MODEL_HISTORY_TAG} of this run was overwritten and holds no JSON list any more; "
            "delete it first."
        )
    return history
