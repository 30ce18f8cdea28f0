"""Databases of every age are opened, upgraded and used, or refused with the next step."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from old_databases import FILES, deleted_times, revisions, use
from waiting import LIMIT_S

from pycore.artifacts.stores import StoresByScheme
from pycore.errors import Unavailable
from pycore.services import build_api
from pycore.store import Database, schema
from pycore.store.database import upgrade_apart
from pycore.store.tables import metadata


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.stdout == "False\n", done.stderr


def test_an_upgrade_apart_loads_alembic_elsewhere(uri):
    code = (
        "import sys; from pycore.store.database import Database, upgrade_apart; "
        f"upgrade_apart({uri!r}); database = Database.open({uri!r}, must_exist=True); "
        "print(database.revision(), 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.stdout.split() == [schema.HEAD, "False"], done.stderr


def test_an_upgrade_apart_leaves_its_failure_to_opening(tmp_path, capfd):
    uri = f"sqlite:///{tmp_path}/missing/crateflow.db"
    upgrade_apart(uri)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(Unavailable, match="check that the folder exists"):
        Database.open(uri)


def test_every_revision_has_its_database():
    assert [file.stem for file in FILES] == sorted(script.revision for script in revisions().walk_revisions())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_old_databases_are_opened_and_used(tmp_path, file):
    shutil.copy(file, tmp_path / "old.db")
    with Database.open(f"sqlite:///{tmp_path}/old.db") as database:
        with database.reading() as connection:
            assert schema.is_current(connection)
            kept, deleted = deleted_times(connection)
            assert (kept, deleted > 0) == (None, True)
        use(build_api(database, StoresByScheme(), str(tmp_path)), file.stem)


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
        output, errors = process.communicate(timeout=LIMIT_S)
        assert output == "Default\n", errors
