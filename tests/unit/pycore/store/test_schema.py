"""Databases of every age are opened, upgraded and used, or refused with the next step."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pycore.artifacts.stores import StoresByScheme
from pycore.entities import DatasetFilter, Metric, Param, ViewType
from pycore.errors import Unavailable
from pycore.services import build_api
from pycore.store import Database, schema
from pycore.store.tables import metadata

DATABASES = Path(__file__).parents[3] / "data" / "databases"


def revisions():
    config = Config()
    config.set_main_option("script_location", "pycore.store:migrations")
    return ScriptDirectory.from_config(config)


def test_the_newest_revision_is_the_one_noted():
    assert revisions().get_heads() == [schema.HEAD]


def test_migrations_lead_to_the_tables(database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing(uri, database):
    with closing(sqlite3.connect(database.url.database)) as connection:
        before = connection.execute("SELECT * FROM sqlite_master").fetchall()
        with Database.open(uri):
            pass
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == before


def test_an_up_to_date_database_opens_without_loading_alembic(uri, database):
    code = (
        "import sys; from pycore.store import Database\n"
        f"Database.open({uri!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


def test_every_revision_has_its_database():
    kept = {path.stem for path in DATABASES.glob("*.db")}
    assert kept == {script.revision for script in revisions().walk_revisions()}


@pytest.mark.parametrize("path", sorted(DATABASES.glob("*.db")), ids=lambda path: path.stem)
def test_old_databases_are_opened_and_used(tmp_path, path):
    shutil.copy(path, tmp_path / "old.db")
    with Database.open(f"sqlite:///{tmp_path}/old.db") as database:
        with database.reading() as connection:
            assert schema.is_current(connection)
        api = build_api(database, StoresByScheme(), str(tmp_path))
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
        api.runs.log_batch(run.info.run_id, [Metric("rmse", 0.125, 3, 3)], [Param("beta", "2")])
        assert api.runs.get(run.info.run_id).data.metrics["rmse"] == 0.125
        created = api.model_versions.create("iris-lm", f"runs:/{run.info.run_id}/model")
        assert created.version == "4"
        assert api.experiments.create("next") == "2"
        model = api.logged_models.create(experiment.experiment_id, "new", run.info.run_id)
        assert api.logged_models.get(model.model_id).name == "new"


def test_datasets_and_logged_models_of_old_databases_are_kept(tmp_path):
    for path in sorted(DATABASES.glob("*.db"))[1:]:
        shutil.copy(path, tmp_path / path.name)
        with Database.open(f"sqlite:///{tmp_path}/{path.name}") as database:
            api = build_api(database, StoresByScheme(), str(tmp_path))
            (run,) = api.runs.search(["1"], "dataset.name = 'iris' AND dataset.context = 'train'")
            (model,) = api.logged_models.search(["1"], "metrics.rmse < 0.5", [DatasetFilter("iris", "d1")])
            assert (model.tags, model.params, model.source_run_id) == (
                {"k": "v"},
                {"depth": "3"},
                run.info.run_id,
            )
            assert [made.model_id for made in run.outputs.model_outputs] == [model.model_id]


def test_a_newer_database_is_refused_with_advice(uri, database):
    with closing(sqlite3.connect(database.url.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.commit()
    with pytest.raises(Unavailable) as caught:
        Database.open(uri)
    for part in ("0999", schema.HEAD, "pip install --upgrade crateflow", uri):
        assert part in caught.value.message


def test_tables_of_another_program_are_refused(uri, tmp_path):
    with closing(sqlite3.connect(tmp_path / "crateflow.db")) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(Unavailable, match=r"not Crateflow's \(invoices\)"):
        Database.open(uri)
    with closing(sqlite3.connect(tmp_path / "crateflow.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]


def test_a_failed_migration_leaves_an_empty_database(uri, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("pycore.store.column_types.Text", None)
        with pytest.raises(TypeError):
            Database.open(uri)
    with Database.open(uri) as database, database.reading() as connection:
        assert schema.is_current(connection)


def test_many_processes_may_open_an_empty_database_at_once(uri):
    code = (
        "from pycore.store import Database; from pycore.services import build_api\n"
        f"with Database.open({uri!r}) as d: print(build_api(d, None, '/a').experiments.get('0').name)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in started:
        output, errors = process.communicate(timeout=120)
        assert output == "Default\n", errors
