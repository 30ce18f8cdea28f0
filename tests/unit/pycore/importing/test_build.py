from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycore.cli.main import main
from pycore.errors import Conflict, InvalidInput, Unavailable
from pycore.importing.build import ImportOptions, import_from_mlflow
from pycore.store import Database

#: As MLflow 1.0 made them, before NaN, steps of old points, deleted versions' tags and much else.
FIRST_SCHEMA = """
CREATE TABLE alembic_version (version_num VARCHAR(32));
INSERT INTO alembic_version VALUES ('451aebb31d03');
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR, artifact_location VARCHAR,
  lifecycle_stage VARCHAR);
CREATE TABLE runs (run_uuid VARCHAR PRIMARY KEY, name VARCHAR, user_id VARCHAR, status VARCHAR,
  start_time BIGINT, end_time BIGINT, lifecycle_stage VARCHAR, artifact_uri VARCHAR, experiment_id INTEGER);
CREATE TABLE metrics (key VARCHAR, value FLOAT, timestamp BIGINT, run_uuid VARCHAR);
CREATE TABLE params (key VARCHAR, value VARCHAR, run_uuid VARCHAR);
CREATE TABLE tags (key VARCHAR, value VARCHAR, run_uuid VARCHAR);
CREATE TABLE trace_info (request_id VARCHAR);
INSERT INTO experiments VALUES (0, 'Default', '/gone/0', 'active'), (1, 'iris', '/gone/1', 'active');
INSERT INTO runs VALUES ('r1', '', 'ada', 'FINISHED', 5, 9, 'active', '/gone/1/r1/artifacts', 1);
INSERT INTO metrics VALUES ('rmse', 0.5, 7, 'r1');
INSERT INTO params VALUES ('p', '1', 'r1');
INSERT INTO tags VALUES ('mlflow.runName', 'old', 'r1');
INSERT INTO trace_info VALUES ('t1');
"""


@pytest.fixture
def old(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.executescript(FIRST_SCHEMA)
    return f"sqlite:///{tmp_path}/old.db"


@pytest.fixture
def new(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new.db"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_a_database_of_long_ago_is_imported(old: str, new: str, tmp_path: Path) -> None:
    code, output = run("import", "mlflow", old, "--to", new, "--artifacts", "reference")

    assert code == 0
    assert [line.split() for line in output.splitlines()[2:5]] == [
        ["experiments", "1", "1"],
        ["runs", "1", "0"],
        ["metric", "points", "1", "0"],
    ]
    assert output.splitlines()[-1] == "- 1 traces: not taken, Crateflow does not keep them"
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        rows = connection.execute("SELECT run_id, run_name, artifact_uri FROM runs").fetchall()
        assert rows == [("r1", "old", "/gone/1/r1/artifacts")]


def test_a_dry_run_makes_no_database(old: str, new: str, tmp_path: Path) -> None:
    code, output = run("import", "mlflow", old, "--to", new, "--dry-run")
    assert (code, "would be added" in output) == (0, True)
    assert not (tmp_path / "new.db").exists()


def test_a_dry_run_does_not_upgrade_a_database(old: str, new: str, tmp_path: Path) -> None:
    Database.open(new).close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(Conflict, match=r"schema revision 0001.*crateflow db upgrade"):
        import_from_mlflow(old, new, ImportOptions(dry_run=True))


@pytest.mark.parametrize("verb", [["db", "check"], ["db", "upgrade"], ["server", "--backend-store-uri"]])
def test_who_opens_a_database_of_mlflow_learns_how_to_import_it(
    old: str, tmp_path: Path, verb: list[str]
) -> None:
    before = (tmp_path / "old.db").read_bytes()
    code, output = run(*verb, old, *(["--port", "0"] if verb[0] == "server" else []))
    assert code == 1
    assert len(output.splitlines()) == 1
    assert "it is a database of MLflow's (schema 451aebb31d03)" in output
    assert f"crateflow import mlflow {old} --to" in output
    assert (tmp_path / "old.db").read_bytes() == before


def test_sources_that_are_none(new: str, tmp_path: Path) -> None:
    Database.open(new).close()
    for source, error, message in (
        (new, InvalidInput, "is no database of MLflow's"),
        (f"sqlite:///{tmp_path}/none.db", Unavailable, "cannot be opened"),
        (str(tmp_path / "none"), InvalidInput, "There is no folder"),
        ("http://127.0.0.1:5000", InvalidInput, "is a server; give what it keeps its runs in"),
        ("oracle://x", InvalidInput, "not supported|no database URI"),
    ):
        with pytest.raises(error, match=message):
            import_from_mlflow(source, new, ImportOptions())
    assert not (tmp_path / "none.db").exists()
