"""The database that an import fills: whole things, each in a transaction, with their ids and times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection

from pycore.entities import (
    Experiment,
    ExperimentTag,
    LifecycleStage,
    LoggedModel,
    LoggedModelParameter,
    LoggedModelTag,
    Metric,
    ModelVersionTag,
    Param,
    RegisteredModel,
    RegisteredModelTag,
    RunInfo,
    RunTag,
)
from pycore.importing.source import SourceLoggedModel, SourceRegisteredModel, SourceRun, SourceVersion
from pycore.store import Database
from pycore.store import experiments as experiment_rows
from pycore.store import logged_models as logged_rows
from pycore.store import metrics as metric_rows
from pycore.store import model_versions as version_rows
from pycore.store import params as param_rows
from pycore.store import registered_models as model_rows
from pycore.store import run_inputs as input_rows
from pycore.store import runs as run_rows
from pycore.store import tags as tag_rows

#: Experiment ids with more digits are not exact in R.
MAX_ID = 10**15 - 1

_POINTS_AT_ONCE = 1000
_RUN_NAME = "mlflow.runName"


class Target:
    """Reads and writes what an import needs of a database.

    Parameters
    ----------
    database : Database
        With the newest schema, and the experiment Default.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def experiment_named(self, name: str) -> Experiment | None:
        """Return the experiment of a name."""
        with self._database.reading() as connection:
            return experiment_rows.get_experiment_by_name(connection, name)

    def has_experiment(self, experiment_id: str) -> bool:
        """Return whether an id is taken."""
        with self._database.reading() as connection:
            return experiment_rows.get_experiment(connection, int(experiment_id)) is not None

    def run(self, run_id: str) -> RunInfo | None:
        """Return the run of an id."""
        with self._database.reading() as connection:
            return run_rows.get_run_info(connection, run_id)

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """Return the logged model of an id, also a deleted one."""
        with self._database.reading() as connection:
            return logged_rows.get_logged_model(connection, model_id, with_deleted=True)

    def registered_model(self, name: str) -> tuple[RegisteredModel, int] | None:
        """Return the registered model of a name, and the highest version number it ever gave."""
        with self._database.reading() as connection:
            model = model_rows.get_registered_model(connection, name)
            return None if model is None else (model, model_rows.get_last_version(connection, name))

    def add_experiment(
        self, experiment: Experiment, with_id: bool, locate: Callable[[int], str] | None
    ) -> Experiment:
        """Add an experiment.

        Parameters
        ----------
        with_id : bool
            Whether it keeps its id; otherwise the database gives it the next one.
        locate : callable or None
            Says, of its id, where its artifacts will lie; None for where they lie now.
        """
        with self._database.transaction() as connection:
            if with_id:
                number = int(experiment.experiment_id)
                experiment_rows.insert_experiment_with_id(connection, number, experiment.name)
            else:
                number = experiment_rows.insert_experiment(connection, experiment.name, 0)
            place = experiment.artifact_location if locate is None else locate(number)
            is_deleted = experiment.lifecycle_stage == LifecycleStage.DELETED
            experiment_rows.update_experiment(
                connection,
                number,
                artifact_location=place,
                lifecycle_stage=experiment.lifecycle_stage,
                creation_time=experiment.creation_time,
                last_update_time=experiment.last_update_time,
                deleted_time=experiment.last_update_time if is_deleted else None,
            )
            tags = [ExperimentTag(key, value) for key, value in experiment.tags.items()]
            experiment_rows.set_experiment_tags(connection, number, tags)
            added = experiment_rows.get_experiment(connection, number)
            assert added is not None
            return added

    def add_runs(self, runs: Sequence[SourceRun]) -> int:
        """Add runs with all they logged, all of them or none; return how many points they had."""
        with self._database.transaction() as connection:
            for experiment_id in {run.run.info.experiment_id for run in runs}:
                # Their datasets are shared: nobody else adds any meanwhile.
                experiment_rows.lock_experiment(connection, int(experiment_id))
            return sum(_add_run(connection, run) for run in runs)

    def add_logged_model(self, source: SourceLoggedModel) -> None:
        """Add a logged model."""
        model = source.model
        with self._database.transaction() as connection:
            pk = logged_rows.insert_logged_model(connection, model)
            logged_rows.set_logged_model_tags(
                connection, pk, [LoggedModelTag(key, value) for key, value in model.tags.items()]
            )
            logged_rows.insert_logged_model_params(
                connection, pk, [LoggedModelParameter(key, value) for key, value in model.params.items()]
            )
            for point in model.metrics:
                logged_rows.insert_logged_model_metric(connection, pk, point.run_id or "", point)
            if source.lifecycle_stage == LifecycleStage.DELETED:
                updated = model.last_updated_timestamp
                logged_rows.update_logged_model(
                    connection, pk, updated, lifecycle_stage=source.lifecycle_stage, deleted_time=updated
                )

    def add_registered_model(self, source: SourceRegisteredModel) -> None:
        """Add a registered model with its versions, tags and aliases."""
        model = source.model
        with self._database.transaction() as connection:
            pk = model_rows.insert_registered_model(
                connection, model.name, model.description, model.creation_timestamp
            )
            tags = [RegisteredModelTag(key, value) for key, value in model.tags.items()]
            model_rows.set_registered_model_tags(connection, pk, tags)
            _add_versions(connection, pk, source, source.versions)

    def add_versions(self, source: SourceRegisteredModel, versions: Sequence[SourceVersion]) -> None:
        """Add versions to a registered model that is there."""
        with self._database.transaction() as connection:
            pk = model_rows.lock_registered_model(connection, source.model.name)
            assert pk is not None
            _add_versions(connection, pk, source, versions)


def _add_run(connection: Connection, source: SourceRun) -> int:
    run = source.run
    row = run_rows.insert_run(connection, run.info)
    if source.deleted_time is not None:
        run_rows.update_run(connection, row.pk, deleted_time=source.deleted_time)
    params = [Param(key, value) for key, value in run.data.params.items()]
    param_rows.insert_params(connection, row.pk, row.experiment_id, params)
    # Clients look for the name among the tags as well; releases before 2.0 kept it nowhere else.
    named = {_RUN_NAME: run.info.run_name, **run.data.tags}
    tags = [RunTag(key, value) for key, value in named.items()]
    tag_rows.set_tags(connection, row.pk, row.experiment_id, tags)
    input_rows.insert_dataset_inputs(connection, row.pk, row.experiment_id, run.inputs.dataset_inputs)
    input_rows.insert_models(connection, row.pk, run.inputs.model_inputs, run.outputs.model_outputs)
    count = 0
    for points in _batches(source.read_metrics()):
        metric_rows.insert_metrics(connection, row.pk, row.experiment_id, points)
        count += len(points)
    return count


def _add_versions(
    connection: Connection, pk: int, source: SourceRegisteredModel, versions: Sequence[SourceVersion]
) -> None:
    for found in versions:
        version = found.version
        number = int(version.version)
        version_rows.insert_model_version(
            connection,
            pk,
            number,
            source=version.source,
            storage_location=found.storage_location,
            run_id=version.run_id,
            run_link=version.run_link,
            description=version.description,
            model_id=version.model_id,
            now_ms=version.creation_timestamp,
        )
        version_rows.update_model_version(
            connection, pk, number, version.last_updated_timestamp, current_stage=version.current_stage
        )
        tags = [ModelVersionTag(key, value) for key, value in version.tags.items()]
        version_rows.set_model_version_tags(connection, pk, number, tags)
    added = {int(found.version.version) for found in versions}
    for alias, version_number in source.model.aliases.items():
        if int(version_number) in added:
            model_rows.set_alias(connection, pk, alias, int(version_number))
    model_rows.update_registered_model(
        connection, pk, source.model.last_updated_timestamp, last_version=source.last_version
    )


def _batches(points: Iterator[Metric]) -> Iterator[list[Metric]]:
    while batch := list(islice(points, _POINTS_AT_ONCE)):
        yield batch
