"""A server that asks who calls: what each route answers to whom."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest import API, PROXY, Rest, as_user, error_in, with_credentials
from route_examples import EXAMPLES, USER_EXAMPLES
from server_world import World, populate

from pycore.app import create_app_with_models, make_guard
from pycore.artifacts.stores import StoresByScheme
from pycore.auth.grants import GrantService
from pycore.auth.options import AuthOptions
from pycore.auth.passwords import hash_password
from pycore.auth.tokens import TokenService
from pycore.auth.users import UserService
from pycore.entities import Permission, Resource, ResourceKind, TokenScope
from pycore.gateway.app import GatewayApp
from pycore.server.application import HttpOptions, make_app
from pycore.server.routing import ROUTES
from pycore.services.build import Services, build_api
from pycore.store import Database
from pycore.store.users import insert_user

PASSWORD = "correct horse"
#: Callers, each of whom may do what those before may.
CALLERS = ("nobody", "forger", "stranger", "reader", "editor", "manager", "administrator")
GRANTED = {
    "stranger": Permission.NO_PERMISSIONS,
    "reader": Permission.READ,
    "editor": Permission.EDIT,
    "manager": Permission.MANAGE,
}
#: Route -> the first of the callers who is not refused.
FIRST = {
    "GET health": "nobody",
    "GET version": "nobody",
    **dict.fromkeys(
        (
            "GET metrics",
            "GET api/openapi.json",
            "GET docs",
            "GET docs/<name>",
            "GET ",
            "GET server-info",
            "POST traces/search",
            "GET traces",
            "POST traces",
            "POST experiments/create",
            "POST experiments/search",
            "GET experiments/search",
            "GET experiments/list",
            "POST runs/search",
            "POST registered-models/create",
            "GET registered-models/search",
            "POST registered-models/search",
            "GET registered-models/list",
            "POST registered-models/list",
            "GET model-versions/search",
            "POST logged-models/search",
        ),
        "stranger",
    ),
    **dict.fromkeys(
        (
            "GET experiments/get",
            "GET experiments/get-by-name",
            "POST experiments/search-datasets",
            "GET runs/get",
            "GET metrics/get-history",
            "GET metrics/get-history-bulk",
            "GET metrics/get-history-bulk-interval",
            "GET registered-models/get",
            "GET registered-models/get-latest-versions",
            "POST registered-models/get-latest-versions",
            "GET registered-models/alias",
            "GET model-versions/get",
            "GET model-versions/get-download-uri",
            "GET model-versions/get-artifact",
            "GET logged-models/<model_id>",
            "GET logged-models/<model_id>/artifacts/directories",
            "GET logged-models/<model_id>/artifacts/files",
            "GET artifacts/list",
            "GET get-artifact",
            "GET artifacts",
            "GET artifacts/<artifact:path>",
            "POST artifacts/presigned-download-url",
        ),
        "reader",
    ),
    **dict.fromkeys(
        (
            "POST experiments/update",
            "POST experiments/set-experiment-tag",
            "POST experiments/delete-experiment-tag",
            "POST runs/create",
            "POST runs/update",
            "POST runs/log-metric",
            "POST runs/log-parameter",
            "POST runs/log-batch",
            "POST runs/set-tag",
            "POST runs/delete-tag",
            "POST runs/log-model",
            "POST runs/log-inputs",
            "POST runs/outputs",
            "POST registered-models/rename",
            "PATCH registered-models/update",
            "POST registered-models/set-tag",
            "DELETE registered-models/delete-tag",
            "POST registered-models/alias",
            "DELETE registered-models/alias",
            "POST model-versions/create",
            "PATCH model-versions/update",
            "POST model-versions/transition-stage",
            "POST model-versions/set-tag",
            "DELETE model-versions/delete-tag",
            "POST logged-models",
            "PATCH logged-models/<model_id>",
            "PATCH logged-models/<model_id>/tags",
            "DELETE logged-models/<model_id>/tags/<path:key>",
            "POST logged-models/<model_id>/params",
            "POST upload-artifact",
            "PUT artifacts/<artifact:path>",
            "POST artifacts/presigned-upload-url",
        ),
        "editor",
    ),
    **dict.fromkeys(
        (
            "POST experiments/delete",
            "POST experiments/restore",
            "POST runs/delete",
            "POST runs/restore",
            "DELETE registered-models/delete",
            "DELETE model-versions/delete",
            "DELETE logged-models/<model_id>",
            "DELETE artifacts/<artifact:path>",
            "POST users/permissions/grant",
            "GET users/permissions/get",
            "POST users/permissions/revoke",
            "POST experiments/permissions/create",
            "GET experiments/permissions/get",
            "PATCH experiments/permissions/update",
            "DELETE experiments/permissions/delete",
            "POST registered-models/permissions/create",
            "GET registered-models/permissions/get",
            "PATCH registered-models/permissions/update",
            "DELETE registered-models/permissions/delete",
        ),
        "manager",
    ),
    **dict.fromkeys(
        (
            "POST users/create",
            "GET users/get",
            "GET users/list",
            "PATCH users/update-password",
            "PATCH users/update-admin",
            "DELETE users/delete",
            # Their examples ask for paths that belong to no experiment.
            "POST mpu/create/<artifact:path>",
            "POST mpu/complete/<artifact:path>",
            "POST mpu/abort/<artifact:path>",
            "GET presigned/<artifact:path>",
        ),
        "administrator",
    ),
}


@dataclass(frozen=True)
class Door:
    """A guarded server, and what its users prove themselves with."""

    services: Services
    world: World
    #: User -> Authorization header.
    headers: dict[str, str]
    app: Flask

    def asked_by(self, caller: str) -> Rest:
        return with_credentials(Rest(self.app), self.headers.get(caller))

    def world_of(self, caller: str) -> World:
        """The same things, seen with the rights of one caller."""
        rest = self.asked_by(caller)
        files = with_credentials(Rest(self.app, PROXY), self.headers.get(caller))
        world = replace(self.world, rest=rest, files=files)
        world.guarded = rest
        return world

    def guarded_by(self, **options: Any) -> Door:
        """The same server with other options."""
        return replace(self, app=guarded_app(self.services, AuthOptions(**options)))


def guarded_app(services: Services, options: AuthOptions) -> Flask:
    return make_app(services, HttpOptions(), make_guard(services, options))


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Services]:
    with Database.open(f"sqlite:///{folder}/mlflow.db") as database:
        yield build_api(database, StoresByScheme(str(folder / "artifacts"), []), "mlflow-artifacts:/")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World, dict[str, str]]:
    """A server with users: its folder, what it holds, and their Authorization headers."""
    folder = tmp_path_factory.mktemp("guarded")
    with opened(folder) as services:
        world = populate(services, make_app(services, HttpOptions()))
        services.registered_models.create("other")
        users, tokens = UserService(services.tracking), TokenService(services.tracking, lambda: 1)
        grants = GrantService(services.tracking, services.registry, Permission.READ)
        password_hash = hash_password(PASSWORD)
        with services.tracking.transaction() as connection:
            # The one that examples are about is the second.
            for name in ("administrator", "eve", *GRANTED):
                insert_user(connection, name, password_hash, name == "administrator")
        experiments = [Resource(ResourceKind.EXPERIMENT, key) for key in ("0", world.experiment_id)]
        models = [Resource(ResourceKind.REGISTERED_MODEL, key) for key in (world.model, "other")]
        for resource in (*experiments, *models):
            for name, permission in GRANTED.items():
                grants.create(resource, name, permission)
        for resource in (experiments[1], models[0]):
            grants.create(resource, "eve", Permission.EDIT)
        names = [user.username for user in users.list()]
        headers = {name: f"Bearer {tokens.create(name, 'tests')[1]}" for name in names}
        return folder, world, {**headers, "forger": "Bearer crateflow_forged"}


@pytest.fixture
def door(template: tuple[Path, World, dict[str, str]], tmp_path: Path) -> Iterator[Door]:
    """A copy of it."""
    folder, world, headers = template
    shutil.copytree(folder, tmp_path / "guarded")
    with opened(tmp_path / "guarded") as services:
        own = replace(world, services=services)
        yield Door(services, own, headers, guarded_app(services, AuthOptions()))


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses of all replies."""
    found: list[int] = []
    client = type(Rest(Flask(__name__)).http)
    ask = client.open

    def noted(*arguments: Any, **options: Any) -> Any:
        reply = ask(*arguments, **options)
        found.append(reply.status_code)
        return reply

    monkeypatch.setattr(client, "open", noted)
    return found


def test_each_route_has_its_first_caller():
    assert set(FIRST) == {route.name for route in ROUTES}


@pytest.mark.parametrize("name", sorted(FIRST))
def test_who_is_refused_where(door: Door, statuses: list[int], name: str):
    refusals = {}
    for caller in CALLERS:
        statuses.clear()
        # What they change for those after them, those who are refused do not.
        with contextlib.suppress(AssertionError, KeyError):
            {**EXAMPLES, **USER_EXAMPLES}[name](door.world_of(caller))
        assert statuses
        refusals[caller] = next((status for status in statuses if status in (401, 403)), None)
    first = CALLERS.index(FIRST[name])
    expected = {
        caller: None if CALLERS.index(caller) >= first else 401 if caller in ("nobody", "forger") else 403
        for caller in CALLERS
    }
    assert refusals == expected


# Who it is


def test_a_refusal_says_how_to_be_known(door: Door):
    for rest in (
        door.asked_by("nobody"),
        as_user(Rest(door.app), "reader", "wrong"),
        door.asked_by("forger"),
    ):
        reply = rest.call("GET", "experiments/search")
        status, code, message = error_in(reply)
        assert (status, code) == (401, "UNAUTHENTICATED")
        assert "MLFLOW_TRACKING_TOKEN" in message
        assert [challenge.split()[0] for challenge in reply.headers.getlist("WWW-Authenticate")] == [
            "Basic",
            "Bearer",
        ]


@pytest.mark.parametrize("path", ["/nothing", "/api/2.0/mlflow/nothing", "/health/", "/model/iris/1"])
def test_nobody_learns_what_there_is(door: Door, path: str):
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert door.asked_by("nobody").http.open(path, method=method).status_code == 401


def test_a_password_opens_as_a_token_does(door: Door):
    rest = as_user(Rest(door.app), "reader", PASSWORD)
    assert rest.get("runs/get", run_id=door.world.run_id)["run"]["info"]["run_name"] == "first"
    assert rest.refusal("POST", "runs/delete", run_id=door.world.run_id)[:2] == (403, "PERMISSION_DENIED")


def test_who_guesses_is_told_when_to_come_back(door: Door):
    rest = as_user(Rest(door.app), "absent", "guess")
    statuses = [rest.call("GET", "experiments/search").status_code for _ in range(11)]
    reply = rest.call("GET", "experiments/search")
    assert statuses == [401] * 10 + [429]
    assert (error_in(reply)[1], reply.headers["Retry-After"]) == ("REQUEST_LIMIT_EXCEEDED", "60")


def test_a_deleted_user_is_out_with_the_next_request(door: Door):
    door.asked_by("manager").get("experiments/search")
    door.asked_by("administrator").result("DELETE", "users/delete", username="manager")
    assert door.asked_by("manager").refusal("GET", "experiments/search")[0] == 401


@pytest.mark.parametrize(
    ("scope", "reads", "writes", "scores"),
    [
        (TokenScope.ALL, True, True, True),
        (TokenScope.READ, True, False, True),
        (TokenScope.SCORE, False, False, True),
    ],
)
@pytest.mark.parametrize("user", ["manager", "administrator"])
def test_a_token_may_open_less_than_its_user_may(door: Door, user, scope, reads, writes, scores):
    text = TokenService(door.services.tracking, lambda: 1).create(user, scope.value, scope)[1]
    rest = with_credentials(Rest(door.app), f"Bearer {text}")
    run_id = door.world.run_id
    assert (rest.call("GET", "runs/get", run_id=run_id).status_code == 200) is reads
    assert (rest.call("POST", "experiments/search").status_code == 200) is reads
    for path, fields in (
        ("runs/set-tag", {"run_id": run_id, "key": "k"}),
        ("experiments/create", {"name": "x"}),
    ):
        assert (rest.call("POST", path, **fields).status_code == 200) is writes
    guard = make_guard(door.services, AuthOptions())
    app = guard.authenticated(lambda environ, start: guard.admit_scoring(environ, door.world.model) or [], ())
    environ = {"PATH_INFO": "/model/iris-lm/1", "HTTP_AUTHORIZATION": f"Bearer {text}"}
    assert (app(environ, None) == []) is scores


def test_browsers_may_ask_first_without_being_known(door: Door):
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Headers": "authorization"}
    reply = door.asked_by("nobody").http.options(f"{API}runs/search", headers=headers)
    assert (reply.status_code, reply.headers["Access-Control-Allow-Headers"]) == (204, "authorization")
    refused = door.asked_by("nobody").http.post(f"{API}runs/search", headers=headers)
    assert refused.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(header=st.text(st.characters(max_codepoint=255, exclude_categories=("Cc",)), max_size=80))
def test_no_header_breaks_the_server(door: Door, header: str):
    reply = with_credentials(Rest(door.app), header).call("GET", "experiments/search")
    assert error_in(reply)[0] == 401


# What one may do


@pytest.mark.parametrize(("caller", "status"), [("nobody", 401), ("stranger", 403), ("reader", 200)])
def test_who_may_score(door: Door, caller: str, status: int):
    guard = make_guard(door.services, AuthOptions())
    gateway = GatewayApp(_Models(), guard.admit_scoring)
    app = create_app_with_models(door.services, HttpOptions(), gateway, guard)
    rest = with_credentials(Rest(app), door.headers.get(caller))
    assert rest.http.get(f"/model/{door.world.model}/1").status_code == status
    assert rest.http.get("/model/absent/1").status_code == (401 if status == 401 else 200)


class _Models:
    """Stands for a supervisor: whoever gets to ask it is told the same."""

    def status(self, name: str, reference: str) -> dict[str, str]:
        return {"name": name}


def test_searches_show_what_one_may_read(door: Door):
    seen = {}
    for caller in ("stranger", "reader", "administrator"):
        rest = door.asked_by(caller)
        found = rest.post("runs/search", experiment_ids=["0", door.world.experiment_id, "777"])
        models = rest.post("logged-models/search", experiment_ids=[door.world.experiment_id])
        seen[caller] = (
            len(rest.get("experiments/search").get("experiments", [])),
            len(found.get("runs", [])),
            len(models.get("models", [])),
            len(rest.get("registered-models/search").get("registered_models", [])),
            len(rest.get("model-versions/search").get("model_versions", [])),
            "iris" in rest.http.get("/").text,
        )
    assert seen["stranger"] == (0, 0, 0, 0, 0, False)
    assert seen["reader"] == seen["administrator"] == (2, 1, 1, 2, 1, True)


@pytest.mark.parametrize(
    ("default", "reads", "edits"),
    [("NO_PERMISSIONS", False, False), ("READ", True, False), ("EDIT", True, True), ("MANAGE", True, True)],
)
def test_what_holds_where_nothing_is_granted(door: Door, default: str, reads: bool, edits: bool):
    guarded = door.guarded_by(default=Permission[default])
    experiment_id = guarded.asked_by("administrator").post("experiments/create", name="new")["experiment_id"]
    rest = guarded.asked_by("reader")
    assert (rest.call("GET", "experiments/get", experiment_id=experiment_id).status_code == 200) is reads
    listed = [found["name"] for found in rest.get("experiments/search").get("experiments", [])]
    assert ("new" in listed) is reads
    assert "iris" in listed
    assert (rest.call("POST", "runs/create", experiment_id=experiment_id).status_code == 200) is edits


def test_one_works_with_what_one_made(door: Door):
    rest = door.asked_by("stranger")
    experiment_id = rest.post("experiments/create", name="mine")["experiment_id"]
    run_id = rest.post("runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    rest.post("runs/log-batch", run_id=run_id, metrics=[{"key": "m", "value": 1, "timestamp": 1}])
    files = with_credentials(Rest(door.app, PROXY), door.headers["stranger"])
    place = f"artifacts/{experiment_id}/{run_id}/artifacts/model/MLmodel"
    assert files.http.put(PROXY + place, data=b"1").status_code == 200
    assert files.get("artifacts", path=f"{experiment_id}/{run_id}/artifacts")["files"]
    rest.post("registered-models/create", name="mine")
    version = rest.post("model-versions/create", name="mine", source=f"runs:/{run_id}/model")["model_version"]
    assert version["version"] == "1"
    rest.post("runs/update", run_id=run_id, status="FINISHED")
    rest.post(
        "experiments/permissions/create", experiment_id=experiment_id, username="eve", permission="READ"
    )
    assert door.asked_by("eve").get("runs/get", run_id=run_id)["run"]["info"]["status"] == "FINISHED"
    rest.post("experiments/delete", experiment_id=experiment_id)


def test_a_version_is_made_of_what_one_may_read(door: Door):
    world, rest = door.world, door.asked_by("stranger")
    rest.post("registered-models/create", name="mine")
    for source in (
        f"runs:/{world.run_id}/model",
        f"models:/{world.model}/1",
        f"models:/{world.logged_model}",
        f"mlflow-artifacts:/{world.experiment_id}/{world.run_id}/artifacts/model",
        "mlflow-artifacts:/elsewhere",
    ):
        refusal = rest.refusal("POST", "model-versions/create", name="mine", source=source)
        assert refusal[:2] == (403, "PERMISSION_DENIED"), source
    fields = {"name": "mine", "source": "s3://b/m"}
    assert rest.refusal("POST", "model-versions/create", **fields, run_id=world.run_id)[0] == 403
    assert rest.refusal("POST", "model-versions/create", **fields, model_id=world.logged_model)[0] == 403


def test_metrics_reach_no_logged_model_of_others(door: Door):
    world, rest = door.world, door.asked_by("stranger")
    experiment_id = rest.post("experiments/create", name="mine")["experiment_id"]
    run_id = rest.post("runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    point = {"key": "m", "value": 1, "timestamp": 1, "model_id": world.logged_model}
    assert rest.refusal("POST", "runs/log-metric", run_id=run_id, **point)[0] == 403
    assert rest.refusal("POST", "runs/log-batch", run_id=run_id, metrics=[point])[0] == 403


def test_no_logged_model_shows_up_in_a_run_of_others(door: Door):
    rest = door.asked_by("stranger")
    mine = rest.post("experiments/create", name="mine")["experiment_id"]
    planted = {"experiment_id": mine, "name": "model", "source_run_id": door.world.run_id}
    assert rest.refusal("POST", "logged-models", **planted)[:2] == (403, "PERMISSION_DENIED")
    run_id = rest.post("runs/create", experiment_id=mine)["run"]["info"]["run_id"]
    rest.post("logged-models", **planted | {"source_run_id": run_id})


def test_all_of_several_things_have_to_be_readable(door: Door):
    rest = door.asked_by("stranger")
    mine = rest.post("experiments/create", name="mine")["experiment_id"]
    run_id = rest.post("runs/create", experiment_id=mine)["run"]["info"]["run_id"]
    assert rest.get("metrics/get-history-bulk", run_id=[run_id], metric_key="m") == {"metrics": []}
    for path, field in (("get-history-bulk", "run_id"), ("get-history-bulk-interval", "run_ids")):
        fields = {field: [run_id, door.world.run_id], "metric_key": "m"}
        assert rest.refusal("GET", f"metrics/{path}", **fields)[0] == 403
    ids = [mine, door.world.experiment_id]
    assert rest.refusal("POST", "experiments/search-datasets", experiment_ids=ids)[0] == 403


@pytest.mark.parametrize("stage", ["Production", "production"])
def test_stages_in_the_hands_of_managers(door: Door, stage: str):
    guarded = door.guarded_by(managed_stages=("Production",))
    editor, manager = guarded.asked_by("editor"), guarded.asked_by("manager")
    version = {"name": door.world.model, "version": "1"}
    editor.post("model-versions/transition-stage", **version, stage="Staging")
    into = editor.refusal("POST", "model-versions/transition-stage", **version, stage=stage)
    assert into[:2] == (403, "PERMISSION_DENIED")
    assert "into and out of Production by who has MANAGE" in into[2]
    manager.post("model-versions/transition-stage", **version, stage=stage)
    assert editor.refusal("POST", "model-versions/transition-stage", **version, stage="Archived")[0] == 403
    manager.post("model-versions/transition-stage", **version, stage="Archived")
    assert (
        guarded.asked_by("reader").refusal(
            "POST", "model-versions/transition-stage", **version, stage="Staging"
        )[0]
        == 403
    )


def test_one_sees_ones_own_account_and_changes_ones_own_password(door: Door):
    rest = as_user(Rest(door.app), "eve", PASSWORD)
    assert rest.get("users/get", username="eve")["user"]["is_admin"] is False
    own = {"username": "eve", "resource_type": "registered_model", "resource_id": door.world.model}
    assert rest.get("users/permissions/get", **own) == {"permission": "EDIT", "allowed": True}
    assert rest.refusal("GET", "users/get", username="reader")[0] == 403
    assert rest.refusal("PATCH", "users/update-password", username="reader", password="x" * 12)[0] == 403
    assert rest.refusal("PATCH", "users/update-admin", username="eve", is_admin=True)[0] == 403
    wrong = {"username": "eve", "password": "battery staple", "current_password": "wrong"}
    assert rest.refusal("PATCH", "users/update-password", **wrong)[:2] == (403, "PERMISSION_DENIED")
    rest.result("PATCH", "users/update-password", username="eve", password="battery staple")
    assert rest.refusal("GET", "users/get", username="eve")[0] == 401
    as_user(rest, "eve", "battery staple").get("users/get", username="eve")


def test_a_token_changes_no_password_by_itself(door: Door):
    rest = door.asked_by("eve")
    change = {"username": "eve", "password": "battery staple"}
    status, _, message = rest.refusal("PATCH", "users/update-password", **change)
    assert (status, "'current_password'" in message) == (400, True)
    rest.result("PATCH", "users/update-password", **change, current_password=PASSWORD)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"permission": "USE"}, "expected one of NO_PERMISSIONS, READ, EDIT, MANAGE"),
        ({"resource_type": "trace"}, "expected one of experiment, registered_model"),
        ({"permission": None}, "Missing value for required parameter 'permission'"),
        ({"username": "absent"}, "no user 'absent'"),
        ({"resource_id": "777"}, "no experiment '777'"),
    ],
)
def test_grants_that_cannot_be(door: Door, fields: dict[str, Any], says: str):
    right = {"username": "eve", "resource_type": "experiment", "resource_id": "0", "permission": "DENY"}
    status, _, message = door.asked_by("administrator").refusal(
        "POST", "users/permissions/grant", **{**right, **fields}
    )
    assert status in (400, 404)
    assert says in message
    door.asked_by("administrator").post("users/permissions/grant", **right)
    assert door.asked_by("eve").refusal("GET", "experiments/get", experiment_id="0")[0] == 403
