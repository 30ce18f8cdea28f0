"""`crateflow users` and `crateflow tokens`: what who runs a server does to its database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycore.auth.authenticator import Authenticator
from pycore.auth.users import UserService
from pycore.cli.main import main
from pycore.services.build import now_ms
from pycore.store import Database

PASSWORD = "correct horse"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """An empty database."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    Database.open(uri).close()
    return uri


def run(uri: str, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments, "--backend-store-uri", uri], input=typed)


def done(uri: str, *arguments: str, typed: str = "") -> str:
    result = run(uri, *arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


def is_password(uri: str, username: str, password: str) -> bool:
    with Database.open(uri) as database:
        UserService(database).check_password(username, password)
    return True


def test_users_are_made_listed_changed_and_removed(uri: str):
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    assert "Created the administrator 'ada'." in done(uri, "users", "create", "ada", "--admin", typed=typed)
    assert is_password(uri, "ada", PASSWORD)
    piped = done(uri, "users", "create", "bob", "--password-stdin", typed=f"{PASSWORD}\r\n")
    assert piped == "Created the user 'bob'.\n"
    assert is_password(uri, "bob", PASSWORD)
    assert done(uri, "users", "list").splitlines()[2:] == ["ada   yes", "bob"]
    assert json.loads(done(uri, "users", "list", "--json"))[1] == {
        "id": 2,
        "username": "bob",
        "is_admin": False,
    }
    assert PASSWORD not in done(uri, "users", "set-password", "bob", typed="battery staple\n" * 2)
    assert is_password(uri, "bob", "battery staple")
    assert done(uri, "users", "delete", "bob") == "Deleted the user 'bob'.\n"


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (["users", "create", "bob", "--password-stdin"], "short\n", "12 to 1024 characters; this one has 5"),
        (["users", "create", "bob", "--password-stdin"], "", "this one has 0"),
        (["users", "create", "bob"], f"{PASSWORD}\nanother\n", "do not match"),
        (["users", "create", "a:b", "--password-stdin"], f"{PASSWORD}\n", "allows neither ':'"),
        (["users", "set-password", "eve"], "", "no user 'eve'"),
        (["users", "delete", "eve"], "", "no user 'eve'"),
        (["tokens", "create", "eve", "ci"], "", "no user 'eve'"),
        (["tokens", "create", "eve", "ci", "--scope", "write"], "", "'write' is not one of"),
        (["tokens", "create", "eve", "ci", "--expires-in", "soon"], "", "as in 1d2h3m4s, got 'soon'"),
        (["tokens", "revoke", "eve", "ci"], "", "no user 'eve'"),
    ],
)
def test_what_cannot_be_done_says_why(uri: str, arguments: list[str], typed: str, says: str):
    result = run(uri, *arguments, typed=typed)
    assert result.exit_code in (1, 2)
    assert says in result.output


def test_no_database_is_made_for_users(tmp_path: Path):
    result = run(f"sqlite:///{tmp_path}/none.db", "users", "list")
    assert result.exit_code == 1
    assert "holds no Crateflow database" in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_a_token_is_printed_alone_and_once(uri: str):
    done(uri, "users", "create", "bob", "--password-stdin", typed=f"{PASSWORD}\n")
    text = done(uri, "tokens", "create", "bob", "ci", "--scope", "read", "--expires-in", "90d").strip()
    assert text.startswith("crateflow_")
    with Database.open(uri) as database:
        assert Authenticator(database, now_ms).caller(f"Bearer {text}", "").user.username == "bob"
    (listed,) = json.loads(done(uri, "tokens", "list", "--json"))
    assert (listed["username"], listed["name"], listed["scope"]) == ("bob", "ci", "read")
    assert listed["expiry_time"] - listed["creation_time"] == 90 * 86_400_000
    row = done(uri, "tokens", "list", "bob").splitlines()[2]
    assert row.startswith("bob   ci    read")
    assert row.count(" UTC") == 3
    assert text not in row
    assert done(uri, "tokens", "revoke", "bob", "ci") == "Revoked the token 'ci' of 'bob'.\n"
    assert json.loads(done(uri, "tokens", "list", "--json")) == []
    done(uri, "tokens", "create", "bob", "laptop")
    assert done(uri, "tokens", "list").splitlines()[2].count("never") == 2
