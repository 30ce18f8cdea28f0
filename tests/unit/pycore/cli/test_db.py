from __future__ import annotations

import sqlite3

import pytest
from click.testing import CliRunner

from pycore.cli.backend_store import FILE
from pycore.cli.main import main
from pycore.store.schema import HEAD


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["db", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def url(tmp_path) -> str:
    """The address of a database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'x.db'}"


def test_upgrade_makes_the_tables_and_may_be_repeated(url):
    for _ in range(2):
        code, output = run("upgrade", url)
        assert (code, HEAD in output) == (0, True)
    assert run("check", url) == (0, f"The database has schema revision {HEAD}, the newest.\n")


def test_a_folder_stands_for_the_database_in_it(tmp_path):
    assert run("upgrade", str(tmp_path))[0] == 0
    assert (tmp_path / FILE).is_file()
    assert run("check", str(tmp_path))[0] == 0
    assert "is no database URI" in run("check", str(tmp_path / "missing"))[1]


def test_check_tells_what_to_do_about_another_revision(url, tmp_path):
    run("upgrade", url)
    connection = sqlite3.connect(tmp_path / "x.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    code, output = run("check", url)
    assert code == 1
    assert "revision 0000" in output
    assert "crateflow db upgrade" in output


def test_check_of_a_database_that_is_not_there_makes_none(url, tmp_path):
    code, output = run("check", url)
    assert (code, "holds no database yet" in output) == (1, True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x.db").touch()
    assert "holds no database yet" in run("check", url)[1]


def test_a_password_is_not_shown():
    for verb in ("check", "upgrade"):
        code, output = run(verb, "postgresql://ada:secret@127.0.0.1:1/crateflow")
        assert (code, "no server answers" in output, "secret" in output) == (1, True, False)


def test_a_database_of_another_program_is_refused(url, tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    with connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    for verb in ("upgrade", "check"):
        code, output = run(verb, url)
        assert code == 1
        assert "theirs" in output
