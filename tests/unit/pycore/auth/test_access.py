"""Whose a path of the server's artifacts is, and what the source of a model version names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pycore.auth.access import Access
from pycore.auth.grants import GrantService
from pycore.entities import Actor, Permission, Resource, ResourceKind, User
from pycore.errors import InvalidInput
from pycore.services.build import Services
from pycore.store.users import insert_user

NOTHING, READ, EDIT, MANAGE = Permission
BOB = User(2, "bob")


@dataclass
class Ground:
    """Two experiments: bob may edit one, and not see the other."""

    services: Services
    own: str
    own_run: str
    own_model: str
    foreign: str
    foreign_run: str
    foreign_model: str

    def access(self, default: Permission = READ, *, is_admin: bool = False) -> Access:
        actor = Actor(User(BOB.user_id, BOB.username, is_admin), default)
        return Access(actor, self.services.tracking, self.services.registry)

    def fill(self, place: str) -> str:
        return place.format(**vars(self))


@pytest.fixture
def ground(services: Services) -> Ground:
    with services.tracking.transaction() as connection:
        insert_user(connection, "ada", "no hash", is_admin=True)
        assert insert_user(connection, "bob", "no hash", is_admin=False) == BOB
    grants = GrantService(services.tracking, services.registry, READ)
    ids = []
    for name, permission in (("own", EDIT), ("foreign", NOTHING)):
        experiment_id = services.experiments.create(name)
        grants.create(Resource(ResourceKind.EXPERIMENT, experiment_id), "bob", permission)
        services.registered_models.create(name)
        grants.create(Resource(ResourceKind.REGISTERED_MODEL, name), "bob", permission)
        run_id = services.runs.create(experiment_id).info.run_id
        model_id = services.logged_models.create(experiment_id, "tree", run_id).model_id
        ids += [experiment_id, run_id, model_id]
    return Ground(services, *ids)


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("{own}/{own_run}/artifacts", EDIT),
        ("{own}/{own_run}/artifacts/", EDIT),
        ("{own}/{own_run}/artifacts/model/MLmodel", EDIT),
        ("{own}/models/{own_model}/artifacts/MLmodel", EDIT),
        ("{own}", EDIT),
        ("{own}/notes.txt", EDIT),
        ("{own}/{own_run}", EDIT),
        ("{foreign}/{foreign_run}/artifacts/model", NOTHING),
        ("{foreign}/models/{foreign_model}/artifacts/MLmodel", NOTHING),
        ("{foreign}", NOTHING),
        ("{foreign}/notes.txt", NOTHING),
        # An id of one's own in the folder of others opens nothing.
        ("{foreign}/{own_run}/artifacts/x", NOTHING),
        ("{foreign}/models/{own_model}/artifacts/x", NOTHING),
        ("{foreign}/{foreign_run}/artifacts/{own_run}/artifacts/x", NOTHING),
        # The experiment Default, on which nothing is granted.
        ("0/x", READ),
        # Nobody's, so for administrators.
        ("", NOTHING),
        (".", NOTHING),
        ("elsewhere/x", NOTHING),
        ("777/x", NOTHING),
        ("{own}0/x", NOTHING),
        ("{own_run}/artifacts", NOTHING),
    ],
)
def test_whose_a_path_is(ground: Ground, path: str, held: Permission):
    assert ground.access().to_artifacts(ground.fill(path)) is held
    assert ground.access(is_admin=True).to_artifacts(ground.fill(path)) is MANAGE


@pytest.mark.parametrize(
    "path", ["../x", "{own}/../{foreign}", "{own}/%2e%2e/x", "/{own}", "{own}//x", "a\\b"]
)
def test_paths_that_are_none_belong_to_nobody(ground: Ground, path: str):
    with pytest.raises(InvalidInput):
        ground.access().to_artifacts(ground.fill(path))


@pytest.mark.parametrize(
    "location",
    [
        "mlflow-artifacts:/{foreign}",
        "mlflow-artifacts:/{foreign}/{foreign_run}",
        "mlflow-artifacts:/{foreign}/{foreign_run}/artifacts",
        "mlflow-artifacts:/",
        "mlflow-artifacts:///{foreign}/",
    ],
)
def test_a_location_that_overlaps_anothers_opens_nothing(ground: Ground, location: str):
    bobs = ground.services.acting_for(Actor(BOB, READ))
    experiment_id = bobs.experiments.create("trap", ground.fill(location))
    run_id = bobs.runs.create(experiment_id).info.run_id
    access = ground.access()
    for path in ("{foreign}/{foreign_run}/artifacts/x", "{foreign}/{foreign_run}/artifacts", "{foreign}"):
        assert access.to_artifacts(ground.fill(path)) is NOTHING
    assert access.to_run(run_id) is MANAGE


def test_others_keep_what_is_theirs_when_a_location_overlaps(ground: Ground):
    ground.services.experiments.create("above", "mlflow-artifacts:/")
    assert ground.access().to_artifacts(ground.fill("{own}/{own_run}/artifacts/x")) is EDIT


@pytest.mark.parametrize(
    ("source", "held"),
    [
        ("runs:/{own_run}/model", [EDIT]),
        ("runs:/{foreign_run}/model", [NOTHING]),
        ("runs:/777/model", [None]),
        ("models:/{own_model}", [EDIT]),
        ("models:/{foreign_model}", [NOTHING]),
        ("models:/own/1", [EDIT]),
        ("models:/foreign/Production", [NOTHING]),
        ("models:/foreign@champion", [NOTHING]),
        ("models:/absent@champion", [None]),
        ("mlflow-artifacts:/{own}/{own_run}/artifacts/model", [EDIT]),
        ("mlflow-artifacts:/{foreign}/{foreign_run}/artifacts/model", [NOTHING]),
        ("mlflow-artifacts:/elsewhere", [NOTHING]),
        ("mlflow-artifacts://host:5000/{foreign}/x", [NOTHING]),
        ("s3://bucket/{foreign}/{foreign_run}/artifacts/model", [NOTHING]),
        ("s3://bucket/{own_run}/models/{foreign_model}", [EDIT, NOTHING]),
        ("s3://bucket/%s/model", [NOTHING]),
        ("/srv/artifacts/{foreign}/{foreign_run}/artifacts/model", [NOTHING]),
        ("s3://bucket/team/model", []),
    ],
)
def test_what_a_source_names(ground: Ground, source: str, held: list[Permission | None]):
    escaped = "".join(f"%{ord(character):02x}" for character in ground.foreign_run)
    assert ground.access().to_source(ground.fill(source.replace("%s", escaped))) == held
