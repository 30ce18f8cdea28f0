"""The databases that older releases wrote, and what must still be found in them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, func, select, text

from pycore.auth.grants import GrantService
from pycore.auth.tokens import TokenService
from pycore.auth.users import UserService
from pycore.entities import DatasetFilter, Metric, Param, Permission, ViewType
from pycore.services.build import Services

FOLDER = Path(__file__).parent / "data" / "databases"
FILES = sorted(FOLDER.glob("*.db"))


def revisions() -> ScriptDirectory:
    """The migrations there are."""
    return ScriptDirectory.from_config(_config())


def copy_to(connection: Connection, file: Path) -> None:
    """Give an empty database of another kind the schema and the rows that a file of SQLite has."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, file.stem)
    there = MetaData()
    there.reflect(connection)
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as old:
        for table in there.sorted_tables:
            rows = [] if table.name == "alembic_version" else old.execute(select(table)).mappings().all()
            if rows:
                connection.execute(table.insert(), [dict(row) for row in rows])
            counted = table.autoincrement_column
            if rows and counted is not None and connection.dialect.name == "postgresql":
                # It does not see numbers that it has not given itself.
                sequence = func.pg_get_serial_sequence(table.name, counted.name)
                connection.execute(select(func.setval(sequence, select(func.max(counted)).scalar_subquery())))
    engine.dispose()


def use(api: Services, revision: str) -> None:
    """Find what the database of a revision holds, and go on writing to it."""
    experiment = api.experiments.get_by_name("iris")
    assert experiment.tags == {"team": "red"}
    (run,) = api.runs.search([experiment.experiment_id])
    assert (run.info.run_name, run.info.status, run.info.user_id) == ("first", "FINISHED", "ada")
    assert repr(run.data.metrics) == "{'far': inf, 'odd': nan, 'rmse': 0.25}"
    assert run.data.params == {"alpha": "0.1"}
    assert run.data.tags["note"] == "golden"
    assert len(api.metrics.get_history(run.info.run_id, "rmse")) == 2
    assert len(api.runs.search([experiment.experiment_id], view_type=ViewType.DELETED_ONLY)) == 1
    model = api.registered_models.get("iris-lm")
    assert (model.tags, model.aliases) == ({"task": "regression"}, {"champion": "1"})
    assert [v.current_stage for v in model.latest_versions] == ["Production", "None"]
    if revision >= "0002":
        _find_datasets_and_logged_models(api, run.info.run_id)
    if revision >= "0004":
        _find_users(api)
    api.runs.log_batch(run.info.run_id, [Metric("rmse", 0.125, 3, 3)], [Param("beta", "2")])
    assert api.runs.get(run.info.run_id).data.metrics["rmse"] == 0.125
    created = api.model_versions.create("iris-lm", f"runs:/{run.info.run_id}/model")
    assert created.version == "4"
    assert api.experiments.create("next") == "2"
    logged = api.logged_models.create(experiment.experiment_id, "new", run.info.run_id)
    assert api.logged_models.get(logged.model_id).name == "new"


def deleted_times(connection: Connection) -> list[int | None]:
    """Return when the runs that are deleted were, the active ones' None first."""
    statement = "SELECT deleted_time FROM runs ORDER BY lifecycle_stage, deleted_time"
    return list(connection.execute(text(statement)).scalars())


def _find_datasets_and_logged_models(api: Services, run_id: str) -> None:
    (run,) = api.runs.search(["1"], "dataset.name = 'iris' AND dataset.context = 'train'")
    (model,) = api.logged_models.search(["1"], "metrics.rmse < 0.5", [DatasetFilter("iris", "d1")])
    assert (model.tags, model.params, model.source_run_id) == ({"k": "v"}, {"depth": "3"}, run_id)
    assert [made.model_id for made in run.outputs.model_outputs] == [model.model_id]


def _find_users(api: Services) -> None:
    users, tokens = UserService(api.tracking), TokenService(api.tracking, lambda: 0)
    grants = GrantService(api.tracking, api.registry, Permission.READ)
    users.check_password("ada", "the first program")
    assert [token.name for token in tokens.list("ada")] == ["ci"]
    found = {(grant.resource.key, grant.permission) for grant in grants.of_user("ada")}
    assert found == {("1", Permission.EDIT), ("iris-lm", Permission.MANAGE)}
    assert users.create("bob", "another password").user_id == 2


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "pycore.store:migrations")
    return config
