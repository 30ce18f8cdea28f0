"""A database that official MLflow wrote, of any release since 1.0.

Its tables are found by reflection: a column or table that a release did not have yet counts as empty.
Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Engine,
    Float,
    MetaData,
    Numeric,
    Row,
    Select,
    Table,
    create_engine,
    func,
    inspect,
    select,
)

from pycore.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    InputTag,
    LifecycleStage,
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    ModelVersion,
    RegisteredModel,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    VersionNumber,
)
from pycore.errors import InvalidInput
from pycore.importing.official_values import logged_model_of, metric_value, stage_of, version_number_of
from pycore.importing.report import Report
from pycore.importing.source import (
    DELETED_VERSION,
    SourceLoggedModel,
    SourceRegisteredModel,
    SourceRun,
    SourceVersion,
)
from pycore.services import locations
from pycore.store import engines, schema
from pycore.store.failures import translated

_RUNS_AT_ONCE = 100
_POINTS_AT_ONCE = 5000
_WORKSPACE = "default"

_READ = (
    *("experiments", "experiment_tags", "runs", "metrics", "params", "tags"),
    *("datasets", "inputs", "input_tags"),
    *("logged_models", "logged_model_metrics", "logged_model_params", "logged_model_tags"),
    *("registered_models", "registered_model_tags", "registered_model_aliases"),
    *("model_versions", "model_version_tags"),
)
#: What MLflow keeps and Crateflow does not.
_LEFT_OUT: Mapping[str, str] = {
    "trace_info": "traces",
    "assessments": "assessments of traces",
    "evaluation_datasets": "evaluation datasets",
    "scorers": "scorers",
    "webhooks": "webhooks",
    "issues": "issues",
    "endpoints": "endpoints of MLflow's gateway",
    "secrets": "secrets of MLflow's gateway",
    "mcp_servers": "MCP servers",
    "review_queues": "review queues",
}


class OfficialDatabase:
    """`Source` over a database of MLflow's; a context manager.

    Parameters
    ----------
    uri : str
        SQLAlchemy URL.
    report : Report
        Gets what is there and cannot be taken.

    Raises
    ------
    InvalidInput
        It is no database of MLflow's.
    Unavailable
        It cannot be read.
    """

    def __init__(self, uri: str, report: Report) -> None:
        self._engine = _read_only_engine(engines.parse(uri))
        self._report = report
        try:
            with translated():
                self._connection = self._engine.connect()
                if not schema.is_official(self._connection):
                    raise InvalidInput(
                        "The source is no database of MLflow's: it has no table runs with a column run_uuid. "
                        "Give the URI that `mlflow server` has as --backend-store-uri, or an mlruns folder."
                    )
                names = inspect(self._connection).get_table_names()
                metadata = MetaData()
                metadata.reflect(self._connection, only=[name for name in _READ if name in names])
                self._tables = _with_floats(metadata)
                self._remark_what_is_left_out(names)
        except Exception:  # whatever it is, the connection is closed and the error goes on
            self._engine.dispose()
            raise

    def __enter__(self) -> OfficialDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def count(self) -> int:
        """Return how many runs, logged models and registered models there are."""
        names = ("runs", "logged_models", "registered_models")
        return sum(self._count(self._tables[name]) for name in names if name in self._tables)

    def experiments(self) -> Iterator[Experiment]:
        """Yield all experiments, by id."""
        tags = _texts(self._rows("experiment_tags"), "experiment_id", "key", "value")
        for row in self._rows("experiments", "experiment_id"):
            created = getattr(row, "creation_time", None) or 0
            yield Experiment(
                experiment_id=str(row.experiment_id),
                name=row.name,
                artifact_location=locations.absolute(row.artifact_location or ""),
                lifecycle_stage=row.lifecycle_stage or LifecycleStage.ACTIVE,
                tags=tags.get(row.experiment_id, {}),
                creation_time=created,
                last_update_time=getattr(row, "last_update_time", None) or created,
            )

    def runs(self, experiment_id: str) -> Iterator[SourceRun]:
        """Yield the runs of an experiment, the oldest first."""
        table = self._tables["runs"]
        statement = (
            select(table.c.run_uuid)
            .where(table.c.experiment_id == int(experiment_id))
            .order_by(table.c.start_time, table.c.run_uuid)
        )
        run_ids = list(self._connection.execute(statement).scalars())
        for start in range(0, len(run_ids), _RUNS_AT_ONCE):
            yield from self._some_runs(run_ids[start : start + _RUNS_AT_ONCE])

    def logged_models(self, experiment_id: str) -> Iterator[SourceLoggedModel]:
        """Yield the logged models of an experiment, the oldest first."""
        table = self._tables.get("logged_models")
        if table is None:
            return
        statement = (
            select(table)
            .where(table.c.experiment_id == int(experiment_id))
            .order_by(table.c.creation_timestamp_ms, table.c.model_id)
        )
        for row in self._connection.execute(statement).all():
            model = LoggedModel(
                model_id=row.model_id,
                experiment_id=experiment_id,
                name=row.name,
                artifact_location=locations.absolute(row.artifact_location),
                creation_timestamp=row.creation_timestamp_ms,
                last_updated_timestamp=row.last_updated_timestamp_ms,
                status=LoggedModelStatus.from_int(row.status or 1),
                model_type=row.model_type or "",
                source_run_id=row.source_run_id or "",
                tags=self._of_model("logged_model_tags", row.model_id, "tag_key", "tag_value"),
                params=self._of_model("logged_model_params", row.model_id, "param_key", "param_value"),
                metrics=tuple(self._points_of_model(row.model_id)),
            )
            yield SourceLoggedModel(model, row.lifecycle_stage or LifecycleStage.ACTIVE)

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """Yield the registered models, by name."""
        tags = _texts(self._rows("registered_model_tags"), "name", "key", "value")
        aliases = _texts(self._rows("registered_model_aliases"), "name", "alias", "version")
        for row in self._rows("registered_models", "name"):
            created = row.creation_time or 0
            versions, last_version = self._versions(row.name)
            yield SourceRegisteredModel(
                RegisteredModel(
                    name=row.name,
                    creation_timestamp=created,
                    last_updated_timestamp=row.last_updated_time or created,
                    description=row.description,
                    tags=tags.get(row.name, {}),
                    aliases={
                        alias: VersionNumber(number) for alias, number in aliases.get(row.name, {}).items()
                    },
                ),
                versions,
                last_version,
            )

    def _some_runs(self, run_ids: Sequence[str]) -> Iterator[SourceRun]:
        rows = {row.run_uuid: row for row in self._where("runs", "run_uuid", run_ids)}
        params = _texts(self._where("params", "run_uuid", run_ids), "run_uuid", "key", "value")
        tags = _texts(self._where("tags", "run_uuid", run_ids), "run_uuid", "key", "value")
        datasets = self._datasets_of(run_ids)
        used, made = self._models_of(run_ids)
        for run_id in run_ids:
            row, texts = rows[run_id], tags.get(run_id, {})
            info = RunInfo(
                run_id=run_id,
                experiment_id=str(row.experiment_id),
                run_name=row.name or texts.get("mlflow.runName", ""),
                user_id=row.user_id or "",
                status=row.status or "FINISHED",
                start_time=row.start_time or 0,
                end_time=row.end_time,
                artifact_uri=locations.absolute(row.artifact_uri or ""),
                lifecycle_stage=row.lifecycle_stage or LifecycleStage.ACTIVE,
            )
            run = Run(
                info,
                RunData((), params.get(run_id, {}), texts),
                RunInputs(tuple(datasets.get(run_id, ())), tuple(used.get(run_id, ()))),
                RunOutputs(tuple(made.get(run_id, ()))),
            )
            yield SourceRun(run, partial(self._points_of_run, run_id), getattr(row, "deleted_time", None))

    def _points_of_run(self, run_id: str) -> Iterator[Metric]:
        table = self._tables["metrics"]
        statement = select(table).where(table.c.run_uuid == run_id)
        streamed = self._connection.execution_options(yield_per=_POINTS_AT_ONCE).execute(statement)
        for row in streamed:
            value = metric_value(row.value, bool(getattr(row, "is_nan", False)))
            yield Metric(row.key, value, row.timestamp, getattr(row, "step", 0))

    def _points_of_model(self, model_id: str) -> Iterator[Metric]:
        for row in self._where("logged_model_metrics", "model_id", [model_id]):
            yield Metric(
                key=row.metric_name,
                value=metric_value(row.metric_value, row.metric_value is None),
                timestamp=row.metric_timestamp_ms,
                step=row.metric_step,
                model_id=model_id,
                dataset_name=row.dataset_name,
                dataset_digest=row.dataset_digest,
                run_id=row.run_id,
            )

    def _datasets_of(self, run_ids: Sequence[str]) -> dict[str, list[DatasetInput]]:
        links = [
            row
            for row in self._where("inputs", "destination_id", run_ids)
            if (row.source_type, row.destination_type) == ("DATASET", "RUN")
        ]
        known = {
            row.dataset_uuid: row for row in self._where("datasets", "dataset_uuid", _ids(links, "source_id"))
        }
        tags = _texts(
            self._where("input_tags", "input_uuid", _ids(links, "input_uuid")), "input_uuid", "name", "value"
        )
        found: dict[str, list[DatasetInput]] = {}
        for link in links:
            if (row := known.get(link.source_id)) is None:
                continue
            dataset = Dataset(
                name=row.name,
                digest=row.digest,
                source_type=row.dataset_source_type or "",
                source=row.dataset_source or "",
                schema=row.dataset_schema,
                profile=row.dataset_profile,
            )
            given = tuple(InputTag(key, value) for key, value in tags.get(link.input_uuid, {}).items())
            found.setdefault(link.destination_id, []).append(DatasetInput(dataset, given))
        return found

    def _models_of(
        self, run_ids: Sequence[str]
    ) -> tuple[dict[str, list[LoggedModelInput]], dict[str, list[LoggedModelOutput]]]:
        used: dict[str, list[LoggedModelInput]] = {}
        made: dict[str, list[LoggedModelOutput]] = {}
        for row in self._where("inputs", "source_id", run_ids):
            if row.source_type == "RUN_INPUT":
                used.setdefault(row.source_id, []).append(LoggedModelInput(row.destination_id))
            elif row.source_type == "RUN_OUTPUT":
                made.setdefault(row.source_id, []).append(LoggedModelOutput(row.destination_id, row.step))
        return used, made

    def _versions(self, name: str) -> tuple[list[SourceVersion], int]:
        rows = sorted(self._where("model_versions", "name", [name]), key=lambda row: row.version)
        tags = _texts(self._where("model_version_tags", "name", [name]), "version", "key", "value")
        versions = [
            self._version(row, tags.get(row.version, {}))
            for row in rows
            if row.current_stage != DELETED_VERSION
        ]
        return versions, max((row.version for row in rows), default=0)

    def _version(self, row: Row[Any], tags: dict[str, str]) -> SourceVersion:
        subject = f"version {row.version} of {row.name!r}"
        version = ModelVersion(
            name=row.name,
            version=version_number_of(row.version),
            source=row.source or "",
            creation_timestamp=row.creation_time or 0,
            last_updated_timestamp=row.last_updated_time or row.creation_time or 0,
            current_stage=stage_of(row.current_stage),
            description=row.description,
            run_id=row.run_id or "",
            run_link=row.run_link or "",
            model_id=logged_model_of(row.source or ""),
            status=row.status or "READY",
            tags=tags,
        )
        if version.status != "READY":
            self._report.remark(f"was {version.status} and counts as READY here", subject)
        return SourceVersion(version, getattr(row, "storage_location", None) or version.source)

    def _of_model(self, table: str, model_id: str, key: str, value: str) -> dict[str, str]:
        return _texts(self._where(table, "model_id", [model_id]), "model_id", key, value).get(model_id, {})

    def _rows(self, name: str, order_by: str | None = None) -> Sequence[Row[Any]]:
        table = self._tables.get(name)
        if table is None:
            return []
        statement = _of_default_workspace(table)
        return self._all(statement if order_by is None else statement.order_by(table.c[order_by]))

    def _where(self, name: str, column: str, values: Sequence[Any]) -> Sequence[Row[Any]]:
        table = self._tables.get(name)
        if table is None or not values:
            return []
        return self._all(_of_default_workspace(table).where(table.c[column].in_(values)))

    def _all(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self._connection.execute(statement).all()

    def _count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).select_from(table).where(*conditions)
        return int(self._connection.execute(statement).scalar_one())

    def _remark_what_is_left_out(self, names: Iterable[str]) -> None:
        for name, meaning in _LEFT_OUT.items():
            if name in names and (count := self._count(Table(name, MetaData()))):
                self._report.remark("not taken, Crateflow does not keep them", f"{count} {meaning}")
        for name in ("experiments", "registered_models"):
            table = self._tables.get(name)
            if table is None or "workspace" not in table.c:
                continue
            if count := self._count(table, table.c.workspace != _WORKSPACE):
                self._report.remark(
                    "not taken, only the default workspace is", f"{count} {name.replace('_', ' ')}"
                )


def _with_floats(metadata: MetaData) -> Mapping[str, Table]:
    """Return the tables, whose numbers are read as such: MySQL's would come as decimals with ten places."""
    for table in metadata.tables.values():
        for column in table.c:
            if isinstance(column.type, (Float, Numeric)):
                column.type.asdecimal = False
    return metadata.tables


def _of_default_workspace(table: Table) -> Select[Any]:
    statement = select(table)
    return statement.where(table.c.workspace == _WORKSPACE) if "workspace" in table.c else statement


def _read_only_engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        # Otherwise a wrong path would be made into an empty database.
        path = locations.local_path(url.database or "")
        assert path is not None
        url = url.set(database=path.as_uri(), query={"mode": "ro", "uri": "true"})
        return create_engine(url)
    # All that is read is of one moment.
    return create_engine(url, isolation_level="REPEATABLE READ")


def _texts(rows: Iterable[Row[Any]], owner: str, key: str, value: str) -> dict[Any, dict[str, str]]:
    found: dict[Any, dict[str, str]] = {}
    for row in rows:
        text = getattr(row, value)
        found.setdefault(getattr(row, owner), {})[getattr(row, key)] = "" if text is None else str(text)
    return found


def _ids(rows: Iterable[Row[Any]], column: str) -> list[str]:
    return sorted({getattr(row, column) for row in rows})
