"""Users, tokens and what they may do, on each kind of database."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pycore.artifacts.stores import StoresByScheme
from pycore.auth.access import Access
from pycore.auth.authenticator import Authenticator
from pycore.auth.grants import GrantService
from pycore.auth.passwords import hash_password
from pycore.auth.tokens import TokenService
from pycore.auth.users import UserService
from pycore.entities import Actor, Permission, Resource, ResourceKind, TokenScope
from pycore.errors import AlreadyExists, Conflict, InvalidInput, NotFound, PermissionDenied, Unauthenticated
from pycore.services.build import Services, build_api
from pycore.store import Database
from pycore.store.users import insert_user

PASSWORD = "correct horse"
PASSWORD_HASH = hash_password(PASSWORD)
EXPERIMENT = ResourceKind.EXPERIMENT
MODEL = ResourceKind.REGISTERED_MODEL


@dataclass
class Platform:
    """A database with users, and all that is asked of it."""

    services: Services
    users: UserService
    tokens: TokenService
    grants: GrantService
    now_ms: int = 1_000

    def acting_for(self, username: str, default: Permission = Permission.READ) -> Services:
        return self.services.acting_for(Actor(self.users.get(username), default))

    def access_of(self, username: str, default: Permission = Permission.READ) -> Access:
        actor = Actor(self.users.get(username), default)
        return Access(actor, self.services.tracking, self.services.registry)


@pytest.fixture
def platform(database: Database, tmp_path) -> Platform:
    services = build_api(database, StoresByScheme(), str(tmp_path))
    platform = Platform(
        services,
        UserService(database),
        TokenService(database, lambda: platform.now_ms),
        GrantService(database, database, Permission.READ),
    )
    # As `UserService.create` does, but for the hashing of passwords, which is slow on purpose.
    with database.transaction() as connection:
        insert_user(connection, "ada", PASSWORD_HASH, is_admin=True)
        insert_user(connection, "bob", PASSWORD_HASH, is_admin=False)
    return platform


# Users


def test_the_first_start_makes_an_administrator(database):
    users = UserService(database)
    password = users.ensure_administrator("root", None)
    assert len(password) >= 20
    users.check_password("root", password)
    assert users.get("root").is_admin
    assert users.ensure_administrator("root", None) is None
    assert users.ensure_administrator("other", PASSWORD) is None
    assert [user.username for user in users.list()] == ["root"]


def test_the_first_administrator_may_be_given_a_password(database):
    users = UserService(database)
    with pytest.raises(InvalidInput, match="12 to 1024 characters; this one has 5"):
        users.ensure_administrator("root", "short")
    assert users.ensure_administrator("root", PASSWORD) is None
    users.check_password("root", PASSWORD)


def test_names_differ_in_case_and_in_spaces_at_their_end(platform):
    for name in ("Bob", "bob ", "böb"):
        assert platform.users.create(name, PASSWORD).username == name
    assert len({user.user_id for user in platform.users.list()}) == 5


@pytest.mark.parametrize("name", ["", "a" * 256, "a:b", "a\nb", "\0", "\x7f"])
def test_names_that_no_user_can_have(platform, name):
    with pytest.raises(InvalidInput, match="user name"):
        platform.users.create(name, PASSWORD)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1025])
def test_passwords_that_are_none(platform, password):
    for act in (platform.users.create, platform.users.set_password):
        with pytest.raises(InvalidInput, match="12 to 1024 characters"):
            act("bob", password)
    platform.users.check_password("bob", PASSWORD)


def test_a_name_is_taken_once(platform):
    with pytest.raises(AlreadyExists, match="'bob' exists already"):
        platform.users.create("bob", PASSWORD)


@pytest.mark.parametrize("act", ["get", "delete"])
def test_nobody_is_not_found(platform, act):
    with pytest.raises(NotFound, match="no user 'eve'"):
        getattr(platform.users, act)("eve")


def test_a_new_password_replaces_the_old_one(platform):
    platform.users.set_password("bob", "battery staple")
    platform.users.check_password("bob", "battery staple")
    for name, password in (("bob", PASSWORD), ("eve", PASSWORD)):
        with pytest.raises(PermissionDenied, match="current password is wrong"):
            platform.users.check_password(name, password)
    with pytest.raises(NotFound):
        platform.users.set_password("eve", PASSWORD)


def test_somebody_stays_in_charge(platform):
    for act in (lambda: platform.users.delete("ada"), lambda: platform.users.set_admin("ada", False)):
        with pytest.raises(Conflict, match="'ada' is the only administrator"):
            act()
    platform.users.set_admin("bob", True)
    platform.users.set_admin("ada", False)
    assert [user.is_admin for user in platform.users.list()] == [False, True]
    platform.users.delete("ada")
    with pytest.raises(Conflict):
        platform.users.delete("bob")


def test_a_later_user_of_a_name_has_nothing_of_the_former(platform):
    platform.services.registered_models.create("iris")
    for resource in (Resource(EXPERIMENT, "0"), Resource(MODEL, "iris")):
        platform.grants.create(resource, "bob", Permission.MANAGE)
    platform.tokens.create("bob", "ci")
    former = platform.users.get("bob").user_id
    platform.users.delete("bob")
    assert platform.users.create("bob", PASSWORD).user_id > former
    assert platform.grants.of_user("bob") == []
    assert platform.tokens.list() == []


# Tokens


def test_a_token_acts_for_its_user(platform):
    authenticator = Authenticator(platform.services.tracking, lambda: platform.now_ms)
    made, text = platform.tokens.create("bob", "ci", TokenScope.READ, lifetime_ms=500)
    assert (made.username, made.name, made.expiry_time) == ("bob", "ci", 1_500)
    caller = authenticator.caller(f"Bearer {text}", "")
    assert (caller.user.username, caller.scope, caller.by_password) == ("bob", TokenScope.READ, False)
    (listed,) = platform.tokens.list("bob")
    assert (listed.last_used_time, listed.scope) == (1_000, TokenScope.READ)
    assert text not in str(listed)
    platform.now_ms = 1_500
    with pytest.raises(Unauthenticated, match="wrong, revoked or expired"):
        authenticator.caller(f"Bearer {text}", "")


def test_the_use_of_a_token_is_noted_now_and_then(platform):
    authenticator = Authenticator(platform.services.tracking, lambda: platform.now_ms)
    _, text = platform.tokens.create("bob", "ci")
    seen = []
    for now_ms in (2_000, 2_500, 302_000):
        platform.now_ms = now_ms
        authenticator.caller(f"Bearer {text}", "")
        seen.append(platform.tokens.list()[0].last_used_time)
    assert seen == [2_000, 2_000, 302_000]


def test_a_revoked_token_opens_nothing(platform):
    authenticator = Authenticator(platform.services.tracking, lambda: platform.now_ms)
    tokens = {name: platform.tokens.create("bob", name)[1] for name in ("ci", "laptop")}
    platform.tokens.revoke("bob", "ci")
    with pytest.raises(Unauthenticated):
        authenticator.caller(f"Bearer {tokens['ci']}", "")
    assert authenticator.caller(f"Bearer {tokens['laptop']}", "").user.username == "bob"
    with pytest.raises(NotFound, match="'bob' has no token 'ci'"):
        platform.tokens.revoke("bob", "ci")


def test_tokens_that_cannot_be_made(platform):
    platform.tokens.create("bob", "ci")
    platform.tokens.create("ada", "ci")
    with pytest.raises(AlreadyExists, match="'bob' has a token 'ci' already"):
        platform.tokens.create("bob", "ci")
    with pytest.raises(NotFound, match="no user 'eve'"):
        platform.tokens.create("eve", "ci")
    with pytest.raises(InvalidInput, match="name of a token"):
        platform.tokens.create("bob", "")
    with pytest.raises(InvalidInput, match="lives for some time"):
        platform.tokens.create("bob", "short", lifetime_ms=0)


# Grants


@pytest.fixture(params=[EXPERIMENT, MODEL], ids=lambda kind: kind.value)
def resource(request, platform) -> Resource:
    platform.services.registered_models.create("iris")
    return Resource(request.param, "0" if request.param is EXPERIMENT else "iris")


def test_a_grant_is_made_changed_and_taken_back(platform, resource):
    grants = platform.grants
    assert grants.effective(resource, "bob") is Permission.READ
    made = grants.create(resource, "bob", Permission.NO_PERMISSIONS)
    assert grants.get(resource, "bob") == made
    assert grants.effective(resource, "bob") is Permission.NO_PERMISSIONS
    grants.update(resource, "bob", Permission.EDIT)
    assert grants.of_user("bob") == [grants.get(resource, "bob")]
    assert grants.effective(resource, "bob") is Permission.EDIT
    grants.delete(resource, "bob")
    assert grants.of_user("bob") == []
    assert grants.effective(resource, "ada") is Permission.MANAGE


def test_what_grants_there_cannot_be(platform, resource):
    grants, edit = platform.grants, Permission.EDIT
    for act in (grants.get, grants.delete, lambda *it: grants.update(*it, edit)):
        with pytest.raises(NotFound, match="'bob' was granted nothing on the"):
            act(resource, "bob")
    with pytest.raises(NotFound, match="no user 'eve'"):
        grants.create(resource, "eve", edit)
    absent = Resource(resource.kind, "777")
    with pytest.raises(NotFound, match=f"There is no {resource.kind.value.replace('_', ' ')} '777'"):
        grants.create(absent, "bob", edit)
    grants.create(resource, "bob", edit)
    with pytest.raises(AlreadyExists, match="already: update it"):
        grants.create(resource, "bob", edit)


def test_grants_follow_a_model_to_its_new_name_and_end_with_it(platform):
    models = platform.services.registered_models
    models.create("iris")
    platform.grants.create(Resource(MODEL, "iris"), "bob", Permission.EDIT)
    models.rename("iris", "lily")
    assert [grant.resource.key for grant in platform.grants.of_user("bob")] == ["lily"]
    models.delete("lily")
    models.create("lily")
    assert platform.grants.of_user("bob") == []


def test_grants_on_models_may_be_in_another_database_than_users(platform, tmp_path):
    with Database.open(f"sqlite:///{tmp_path}/registry.db") as registry:
        build_api(registry, StoresByScheme(), str(tmp_path)).registered_models.create("iris")
        database = platform.services.tracking
        grants, users = GrantService(database, registry, Permission.READ), UserService(database, registry)
        grants.create(Resource(MODEL, "iris"), "bob", Permission.EDIT)
        grants.create(Resource(EXPERIMENT, "0"), "bob", Permission.EDIT)
        assert [grant.resource.key for grant in grants.of_user("bob")] == ["0", "iris"]
        users.delete("bob")
        with registry.reading() as connection:
            assert connection.exec_driver_sql("SELECT * FROM registered_model_permissions").all() == []


# Acting for a user


def test_what_a_user_makes_is_the_users_to_manage(platform):
    bobs = platform.acting_for("bob")
    experiment_id = bobs.experiments.create("mine")
    bobs.registered_models.create("mine")
    held = {(grant.resource.key, grant.permission) for grant in platform.grants.of_user("bob")}
    assert held == {(experiment_id, Permission.MANAGE), ("mine", Permission.MANAGE)}


@pytest.mark.parametrize("default", [Permission.READ, Permission.NO_PERMISSIONS])
def test_searches_find_what_a_user_may_read_in_whole_pages(platform, default):
    services = platform.services
    hidden, shown = Permission.NO_PERMISSIONS, Permission.READ
    for number in range(9):
        experiment_id = services.experiments.create(f"e{number}")
        services.registered_models.create(f"m{number}")
        services.model_versions.create(f"m{number}", "s3://bucket/model")
        granted = hidden if number % 3 else shown
        if granted is not default:
            platform.grants.create(Resource(EXPERIMENT, experiment_id), "bob", granted)
            platform.grants.create(Resource(MODEL, f"m{number}"), "bob", granted)
    bobs = platform.acting_for("bob", default)

    def names(search, **options):
        found, token = [], None
        while True:
            page = search(max_results=2, page_token=token, **options)
            found += [item.name for item in page]
            token = page.token
            if not token:
                return found
            assert len(page) == 2

    experiments = names(bobs.experiments.search, filter_string="name LIKE 'e%'", order_by=["name"])
    assert experiments == ["e0", "e3", "e6"]
    assert names(bobs.registered_models.search) == ["m0", "m3", "m6"]
    assert sorted(names(bobs.model_versions.search)) == ["m0", "m3", "m6"]
    adas = platform.acting_for("ada", default)
    assert len(adas.experiments.search(filter_string="name LIKE 'e%'")) == 9


def test_what_belongs_to_an_experiment_is_as_open_as_that(platform):
    services = platform.services
    experiment_id = services.experiments.create("iris", tags=[])
    run_id = services.runs.create(experiment_id).info.run_id
    model_id = services.logged_models.create(experiment_id, "tree").model_id
    platform.grants.create(Resource(EXPERIMENT, experiment_id), "bob", Permission.EDIT)
    access = platform.access_of("bob")
    asked = (
        access.to_experiment(experiment_id),
        access.to_experiment_named("iris"),
        access.to_run(run_id),
        access.to_logged_model(model_id),
    )
    assert asked == (Permission.EDIT,) * 4
    assert access.to_experiment("0") is Permission.READ
    unknown = (
        access.to_experiment("777"),
        access.to_experiment("x"),
        access.to_experiment_named("x"),
        access.to_run("x"),
        access.to_logged_model("x"),
        access.to_registered_model("x"),
    )
    assert unknown == (None,) * 6
    assert platform.access_of("ada").to_run(run_id) is Permission.MANAGE


def test_experiments_a_user_may_not_read_are_left_out(platform):
    ids = [platform.services.experiments.create(name) for name in "abc"]
    platform.grants.create(Resource(EXPERIMENT, ids[1]), "bob", Permission.NO_PERMISSIONS)
    assert platform.access_of("bob").readable([*ids, "x", "777"]) == [ids[0], ids[2], "x"]
    assert platform.access_of("bob", Permission.NO_PERMISSIONS).readable(ids) == []
    assert platform.access_of("ada").readable(ids) == ids
