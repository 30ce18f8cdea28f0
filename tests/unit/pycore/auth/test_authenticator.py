"""From a header to whoever sent it; whatever else a header holds, it opens nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycore.auth import authenticator as module
from pycore.auth.authenticator import Authenticator
from pycore.auth.passwords import hash_password
from pycore.auth.tokens import TokenService
from pycore.auth.users import UserService
from pycore.errors import TooManyRequests, Unauthenticated
from pycore.services.build import Services
from pycore.store.users import insert_user

PASSWORD = "corréct horse"
PASSWORD_HASH, ADAS_HASH = hash_password(PASSWORD), hash_password(PASSWORD)


def basic(username: str, password: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode(encoding)).decode()


@pytest.fixture
def users(services: Services) -> UserService:
    with services.tracking.transaction() as connection:
        insert_user(connection, "bob", PASSWORD_HASH, is_admin=False)
        insert_user(connection, "ada", ADAS_HASH, is_admin=True)
    return UserService(services.tracking)


@pytest.fixture
def authenticator(services: Services, users: UserService) -> Authenticator:
    return Authenticator(services.tracking, lambda: 1)


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hashes that passwords have been compared with."""
    found: list[str | None] = []
    compare = module.is_password

    def noted(password_hash: str | None, password: str) -> bool:
        found.append(password_hash)
        return compare(password_hash, password)

    monkeypatch.setattr(module, "is_password", noted)
    return found


@pytest.mark.parametrize("header", [basic("bob", PASSWORD), basic("bob", PASSWORD, "latin-1")])
def test_a_password_opens(authenticator: Authenticator, header: str):
    for spelling in (header, header.replace("Basic", "bAsIc"), header.replace(" ", "   ") + " "):
        caller = authenticator.caller(spelling, "")
        assert (caller.user.username, caller.user.is_admin, caller.by_password) == ("bob", False, True)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (None, "asks who calls"),
        ("", "asks who calls"),
        ("Digest username=bob", "asks who calls"),
        ("Basic", "holds no user name and password"),
        ("Basic !!!", "holds no user name and password"),
        ("Basic YQ", "holds no user name and password"),
        ("Basic é", "holds no user name and password"),
        (basic("bob", PASSWORD)[:-4], "user name or the password is wrong"),
        ("Basic " + base64.b64encode(b"bob").decode(), "holds no user name and password"),
        (basic("bob\0", PASSWORD), "holds no user name and password"),
        (basic("bob", "wrong"), "user name or the password is wrong"),
        (basic("bob", ""), "user name or the password is wrong"),
        (basic("bob", "x" * 5000), "user name or the password is wrong"),
        (basic("BOB", PASSWORD), "user name or the password is wrong"),
        (basic("eve", PASSWORD), "user name or the password is wrong"),
        (basic("", PASSWORD), "user name or the password is wrong"),
        ("Bearer", "token is wrong, revoked or expired"),
        ("Bearer nonsense", "token is wrong, revoked or expired"),
        ("Bearer \xff", "token is wrong, revoked or expired"),
    ],
)
def test_anything_else_does_not(authenticator: Authenticator, header: str | None, says: str):
    with pytest.raises(Unauthenticated, match=says):
        authenticator.caller(header, "")


def test_an_unknown_user_takes_as_much_work_as_a_wrong_password(authenticator: Authenticator, hashings):
    refusals = set()
    for username in ("bob", "eve"):
        with pytest.raises(Unauthenticated) as refused:
            authenticator.caller(basic(username, "not the password"), "")
        refusals.add(refused.value.message)
    assert hashings == [PASSWORD_HASH, None]
    assert len(refusals) == 1


def test_a_right_password_is_hashed_once_in_a_while(authenticator: Authenticator, hashings, monkeypatch):
    header = basic("bob", PASSWORD)
    for _ in range(3):
        authenticator.caller(header, "")
    assert len(hashings) == 1
    monkeypatch.setattr(module, "_KNOWN_S", 0.0)
    authenticator._known.clear()
    for _ in range(2):
        authenticator.caller(header, "")
    assert len(hashings) == 3


def test_a_wrong_password_is_never_remembered(authenticator: Authenticator, hashings):
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            authenticator.caller(basic("bob", "wrong"), "")
    assert len(hashings) == 2


def test_only_so_many_are_remembered(authenticator: Authenticator, hashings, monkeypatch):
    monkeypatch.setattr(module, "_KNOWN", 1)
    for username in ("bob", "ada", "bob", "bob"):
        authenticator.caller(basic(username, PASSWORD), "")
    assert hashings == [PASSWORD_HASH, ADAS_HASH, PASSWORD_HASH]
    assert len(authenticator._known) == 1


def test_a_new_password_counts_at_once_everywhere(services: Services, users: UserService):
    elsewhere = [Authenticator(services.tracking, lambda: 1) for _ in range(2)]
    for authenticator in elsewhere:
        authenticator.caller(basic("bob", PASSWORD), "")
    users.set_password("bob", "battery staple")
    for authenticator in elsewhere:
        with pytest.raises(Unauthenticated):
            authenticator.caller(basic("bob", PASSWORD), "")
        assert authenticator.caller(basic("bob", "battery staple"), "").user.username == "bob"


def test_who_is_deleted_or_demoted_is_so_at_once(
    authenticator: Authenticator, services: Services, users: UserService
):
    text = TokenService(services.tracking, lambda: 1).create("bob", "ci")[1]
    users.set_admin("bob", True)
    headers = (basic("bob", PASSWORD), f"Bearer {text}")
    assert all(authenticator.caller(header, "").user.is_admin for header in headers)
    users.set_admin("bob", False)
    assert not any(authenticator.caller(header, "").user.is_admin for header in headers)
    users.delete("bob")
    for header in headers:
        with pytest.raises(Unauthenticated):
            authenticator.caller(header, "")


def test_guessing_ends_after_some_tries_and_does_not_lock_others_out(
    authenticator: Authenticator, hashings, monkeypatch
):
    monkeypatch.setattr("pycore.auth.attempts._OF_USER", 2)
    authenticator.caller(basic("ada", PASSWORD), "10.0.0.1")
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            authenticator.caller(basic("bob", "guess"), "10.0.0.1")
    hashings.clear()
    for password in ("guess", PASSWORD):
        with pytest.raises(TooManyRequests, match=r"try again in \d+ s"):
            authenticator.caller(basic("bob", password), "10.0.0.1")
    assert hashings == [], "further guesses cost nothing"
    assert authenticator.caller(basic("bob", PASSWORD), "10.0.0.2").user.username == "bob"
    assert authenticator.caller(basic("ada", PASSWORD), "10.0.0.1").user.username == "ada"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    scheme=st.sampled_from(["Basic", "Bearer", "basic", "Negotiate", ""]),
    rest=st.one_of(
        st.text(st.characters(max_codepoint=255), max_size=60),
        st.binary(max_size=60).map(lambda octets: base64.b64encode(octets).decode()),
    ),
)
def test_no_header_is_an_error_of_the_server(authenticator: Authenticator, scheme: str, rest: str):
    with pytest.raises((Unauthenticated, TooManyRequests)):
        authenticator.caller(f"{scheme} {rest}", "")
