"""What goes wrong with a database, and what the caller is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from waiting import LIMIT_S

from pycore.errors import InvalidInput, Unavailable
from pycore.store import Database, engines
from pycore.store.tables import experiments


def add(connection, name):
    connection.execute(
        insert(experiments).values(
            name=name, artifact_location="/a", lifecycle_stage="active", creation_time=1, last_update_time=1
        )
    )


def add_all(database, new):
    with database.transaction() as connection:
        for name in new:
            add(connection, name)


def names(database):
    with database.reading() as connection:
        return list(connection.execute(select(experiments.c.name).order_by(experiments.c.name)).scalars())


def test_a_transaction_is_committed_at_its_end(database):
    with database.transaction() as connection:
        add(connection, "a")
        assert names(database) == []
    assert names(database) == ["a"]


def test_an_error_undoes_the_transaction(database):
    def fail():
        yield "a"
        raise KeyError

    with pytest.raises(KeyError):
        add_all(database, fail())
    assert names(database) == []


def test_reading_sees_one_state(database):
    with database.reading() as connection:
        count = select(experiments.c.name)
        assert connection.execute(count).all() == []
        with database.transaction() as writing:
            add(writing, "a")
        assert connection.execute(count).all() == []
    assert names(database) == ["a"]


def test_threads_write_in_turn(database):
    def write(worker):
        for i in range(20):
            with database.transaction() as connection:
                add(connection, f"{worker}-{i}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 160


def test_sqlite_is_set_up_for_many_readers_and_one_writer(database):
    with database.reading() as connection:
        ask = lambda pragma: connection.execute(text(f"PRAGMA {pragma}")).scalar()  # noqa: E731
        assert ask("journal_mode") == "wal"
        assert ask("foreign_keys") == 1
        assert ask("synchronous") == 1
        assert ask("busy_timeout") == 30_000


def test_synchronous_is_a_setting(uri, monkeypatch):
    monkeypatch.setenv("CRATEFLOW_SQLITE_SYNCHRONOUS", "full")
    with Database.open(uri) as database, database.reading() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    monkeypatch.setenv("CRATEFLOW_SQLITE_SYNCHRONOUS", "OFF; DROP TABLE runs")
    with pytest.raises(InvalidInput, match="CRATEFLOW_SQLITE_SYNCHRONOUS"):
        Database.open(uri)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("crateflow.db", "expected one such as sqlite:///"),
        ("nonsense://x", "'nonsense' are not supported"),
        ("mssql+pyodbc://host/db", "not supported"),
        ("sqlite://", "in memory is lost"),
        ("sqlite:///:memory:", "in memory is lost"),
    ],
)
def test_uris_that_name_no_database(uri, says):
    with pytest.raises(InvalidInput, match=says):
        Database.open(uri)


def test_a_missing_folder(tmp_path):
    with pytest.raises(Unavailable, match="check that the folder exists") as caught:
        Database.open(f"sqlite:///{tmp_path}/missing/crateflow.db")
    assert "missing/crateflow.db" in caught.value.message


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "notes.txt").write_text("no database at all, but long enough to be read as one" * 40)
    with pytest.raises(Unavailable, match="not an SQLite database"):
        Database.open(f"sqlite:///{tmp_path}/notes.txt")
    assert (tmp_path / "notes.txt").read_text().startswith("no database")


def test_a_damaged_file(uri, tmp_path):
    with Database.open(uri) as database:
        with database.transaction() as connection:
            for i in range(500):
                add(connection, f"{i}" + "x" * 200)
        with database.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    path = tmp_path / "crateflow.db"
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="damaged; restore a backup"), Database.open(uri) as database:
        names(database)


def test_a_locked_database(database, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.1)
    path = database.url.database
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            Database(f"sqlite:///{path}") as impatient,
            pytest.raises(Unavailable, match="locked by another process") as caught,
            impatient.transaction(),
        ):
            pytest.fail("began although the database is locked")
        assert path not in caught.value.message
        assert names(database) == []
    with database.transaction() as connection:
        add(connection, "a")


def test_a_lock_goes_with_the_process_that_held_it(database):
    code = (
        f"import sqlite3, sys; c = sqlite3.connect({database.url.database!r}, isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); c.execute('DELETE FROM experiments'); print('locked', flush=True)\n"
        "sys.stdin.read()"
    )
    with database.transaction() as connection:
        add(connection, "a")
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "locked\n"
        writing = threading.Thread(target=add_all, args=(database, ["b"]))
        writing.start()
        assert names(database) == ["a"]
        other.kill()
        writing.join(timeout=LIMIT_S)
    assert names(database) == ["a", "b"]


def test_a_full_disk_loses_nothing_that_was_there(database):
    with database.transaction() as connection:
        add(connection, "kept")
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        # It holds for the connection, which the next transaction gets as well.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(Unavailable, match="disk is full; nothing of this request"):
        add_all(database, (f"{i}" + "x" * 400 for i in range(1000)))
    assert names(database) == ["kept"]
    with database.transaction() as connection:
        add(connection, "also kept")


def test_a_read_only_database():
    # The superuser writes to read-only files all the same, so the question is asked as somebody else.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crateflow.db"
        with Database.open(f"sqlite:///{path}") as database, database.transaction() as connection:
            add(connection, "a")
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        code = f"""
import os
from sqlalchemy import text
from pycore.errors import Unavailable
from pycore.store import Database
Database("sqlite:///unused.db")  # loads what the next user may not be allowed to read
if os.geteuid() == 0:
    os.setuid(65534)
try:
    with Database.open("sqlite:///{path}") as database, database.transaction() as connection:
        connection.execute(text("DELETE FROM experiments"))
except Unavailable as error:
    print(error.message)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
        Path(folder).chmod(0o755)
        assert "it is read-only; make its file and folder writable" in done.stdout, done.stderr


def test_a_broken_constraint_is_a_bug_and_stays_visible(database):
    with pytest.raises(IntegrityError):
        add_all(database, ["a", "a"])
    assert names(database) == []


def test_text_that_is_not_unicode(database):
    with pytest.raises(InvalidInput, match="surrogate"), database.transaction() as connection:
        add(connection, "half a pair: \ud800")


def test_a_forked_process_uses_its_own_connections(database):
    with database.transaction() as connection:
        add(connection, "before")
        child = os.fork()
        if child == 0:
            # The lock of the parent's open transaction must not hold the child back for ever.
            status = 1
            try:
                status = 0 if names(database) == [] else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with database.transaction() as connection:
                add(connection, "child")
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert names(database) == ["before", "child"]
