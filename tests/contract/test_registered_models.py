"""What `pycore.protocols.RegisteredModels` promises."""

from __future__ import annotations

import pytest

from pycore.entities import RegisteredModelTag
from pycore.errors import AlreadyExists, Conflict, InvalidInput, NotFound


def names(page):
    return [model.name for model in page]


@pytest.fixture
def model(api):
    """A registered model with three versions."""
    api.registered_models.create("iris")
    for number in range(3):
        api.model_versions.create("iris", f"s3://bucket/{number}")
    return api.registered_models.get("iris")


def test_what_was_created_is_read_back(api):
    tags = [RegisteredModelTag("team", "red"), RegisteredModelTag("team", "blue")]
    created = api.registered_models.create("fraud @ 100%", tags, "finds fraud")
    assert created == api.registered_models.get("fraud @ 100%")
    assert created.tags == {"team": "blue"}
    assert created.description == "finds fraud"
    assert created.creation_timestamp == created.last_updated_timestamp > 1_600_000_000_000
    assert (created.latest_versions, created.aliases) == ((), {})


def test_a_name_is_unique(api):
    api.registered_models.create("iris")
    with pytest.raises(AlreadyExists, match="already exists"):
        api.registered_models.create("iris")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", ".", "..", "a\tb", "a\0b", "n" * 257])
def test_illegal_names_are_refused(api, name):
    with pytest.raises(InvalidInput, match="name"):
        api.registered_models.create(name)


def test_a_name_with_a_slash_says_so(api):
    with pytest.raises(InvalidInput, match="cannot contain"):
        api.registered_models.create("a/b")


def test_unknown_models_are_not_found(api):
    tag = RegisteredModelTag("k", "v")
    for ask in (
        lambda: api.registered_models.get("nope"),
        lambda: api.registered_models.rename("nope", "other"),
        lambda: api.registered_models.update("nope", "d"),
        lambda: api.registered_models.delete("nope"),
        lambda: api.registered_models.get_latest_versions("nope"),
        lambda: api.registered_models.set_tag("nope", tag),
        lambda: api.registered_models.delete_tag("nope", "k"),
        lambda: api.registered_models.set_alias("nope", "a", "1"),
        lambda: api.registered_models.delete_alias("nope", "a"),
    ):
        with pytest.raises(NotFound, match="not found"):
            ask()


def test_rename_takes_everything_along(api, model):
    api.registered_models.set_alias("iris", "champion", "2")
    api.registered_models.set_tag("iris", RegisteredModelTag("k", "v"))
    renamed = api.registered_models.rename("iris", "flower")
    assert (renamed.name, renamed.tags, renamed.aliases) == ("flower", {"k": "v"}, {"champion": "2"})
    assert api.model_versions.get("flower", "3").source == "s3://bucket/2"
    assert api.model_versions.get_by_alias("flower", "champion").version == "2"
    with pytest.raises(NotFound):
        api.registered_models.get("iris")
    api.registered_models.create("iris")
    with pytest.raises(AlreadyExists, match="already exists"):
        api.registered_models.rename("flower", "iris")
    assert api.registered_models.rename("flower", "flower").name == "flower"
    with pytest.raises(InvalidInput, match="cannot contain"):
        api.registered_models.rename("flower", "a/b")


def test_update_replaces_the_description(api, model):
    assert api.registered_models.update("iris", "new").description == "new"
    assert api.registered_models.update("iris", None).description is None


def test_delete_removes_everything(api, model):
    api.registered_models.set_alias("iris", "champion", "2")
    api.registered_models.delete("iris")
    with pytest.raises(NotFound):
        api.registered_models.get("iris")
    with pytest.raises(NotFound):
        api.model_versions.get("iris", "1")
    assert api.model_versions.search() == []
    api.registered_models.create("iris")
    assert api.registered_models.get("iris").aliases == {}
    assert api.model_versions.create("iris", "s3://b/x").version == "1"


@pytest.mark.parametrize("stage", ["Staging", "Production"])
def test_a_model_in_use_is_not_deleted(api, model, stage):
    api.model_versions.transition_stage("iris", "2", stage)
    with pytest.raises(Conflict, match=rf"2 \({stage}\)"):
        api.registered_models.delete("iris")
    assert len(api.model_versions.search("name = 'iris'")) == 3
    api.model_versions.transition_stage("iris", "2", "Archived")
    api.registered_models.delete("iris")


def test_tags(api, model):
    api.registered_models.set_tag("iris", RegisteredModelTag("a b/c", "1"))
    api.registered_models.set_tag("iris", RegisteredModelTag("a b/c", "x" * 100_000))
    assert api.registered_models.get("iris").tags == {"a b/c": "x" * 100_000}
    with pytest.raises(InvalidInput, match="exceeds the maximum length"):
        api.registered_models.set_tag("iris", RegisteredModelTag("k", "x" * 100_001))
    with pytest.raises(InvalidInput):
        api.registered_models.set_tag("iris", RegisteredModelTag("../k", "1"))
    for _ in range(2):
        api.registered_models.delete_tag("iris", "a b/c")
    assert api.registered_models.get("iris").tags == {}


def test_latest_versions_are_the_highest_of_each_stage(api, model):
    api.model_versions.transition_stage("iris", "1", "Production")
    latest = api.registered_models.get_latest_versions("iris")
    assert [(version.version, version.current_stage) for version in latest] == [
        ("1", "Production"),
        ("3", "None"),
    ]
    assert [v.version for v in api.registered_models.get("iris").latest_versions] == ["1", "3"]
    assert [v.version for v in api.registered_models.get_latest_versions("iris", ["production"])] == ["1"]
    assert api.registered_models.get_latest_versions("iris", ["Staging"]) == []
    with pytest.raises(InvalidInput, match="Invalid Model Version stage"):
        api.registered_models.get_latest_versions("iris", ["Prod"])


def test_aliases_move_and_go(api, model):
    api.registered_models.set_alias("iris", "champion", "1")
    api.registered_models.set_alias("iris", "Champion", "2")
    api.registered_models.set_alias("iris", "best-é", "01")
    assert api.registered_models.get("iris").aliases == {"champion": "1", "Champion": "2", "best-é": "1"}
    assert api.model_versions.get("iris", "1").aliases == ("best-é", "champion")
    (latest,) = api.registered_models.get_latest_versions("iris")
    assert (latest.version, latest.aliases) == ("3", ())
    api.registered_models.set_alias("iris", "champion", "3")
    assert api.model_versions.get_by_alias("iris", "champion").version == "3"
    for _ in range(2):
        api.registered_models.delete_alias("iris", "champion")
    assert "champion" not in api.registered_models.get("iris").aliases


@pytest.mark.parametrize("alias", ["a b", "a.b", "a/b", "", "x\n", "a" * 256])
def test_illegal_aliases_are_refused(api, model, alias):
    with pytest.raises(InvalidInput, match="alias"):
        api.registered_models.set_alias("iris", alias, "1")


@pytest.mark.parametrize("alias", ["latest", "Latest", "v1", "V20"])
def test_reserved_aliases_are_refused(api, model, alias):
    with pytest.raises(InvalidInput, match="is reserved"):
        api.registered_models.set_alias("iris", alias, "1")


@pytest.mark.parametrize("alias", ["v1a", "v", "1", "version1", "a" * 255])
def test_similar_aliases_are_fine(api, model, alias):
    api.registered_models.set_alias("iris", alias, "1")
    assert api.model_versions.get_by_alias("iris", alias).version == "1"


def test_an_alias_needs_an_existing_version(api, model):
    with pytest.raises(NotFound, match="not found"):
        api.registered_models.set_alias("iris", "champion", "9")
    with pytest.raises(InvalidInput, match="version"):
        api.registered_models.set_alias("iris", "champion", "one")


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("name = 'fraud-a'", ["fraud-a"]),
        ("name LIKE 'fraud-%'", ["fraud-a", "fraud-b"]),
        ("name ILIKE 'FRAUD-%' AND tags.team = 'a'", ["fraud-a"]),
        ("name IN ('fraud-b', 'Iris')", ["Iris", "fraud-b"]),
        ("name NOT IN ('fraud-b')", ["Iris", "fraud-a"]),
        ("tags.team != 'a'", ["fraud-b"]),
        ("tags.`team` IS NULL", ["Iris"]),
        ("tag.team LIKE '_'", ["fraud-a", "fraud-b"]),
    ],
)
def test_search(api, filter_string, found):
    api.registered_models.create("fraud-b", [RegisteredModelTag("team", "b")])
    api.registered_models.create("fraud-a", [RegisteredModelTag("team", "a")])
    api.registered_models.create("Iris")
    assert names(api.registered_models.search(filter_string)) == found


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("", ["iris"]),
        ("name LIKE '%'", ["iris"]),
        # What official clients append to every search for models, and send to search for prompts.
        ("tag.`mlflow.prompt.is_prompt` != 'true'", ["iris"]),
        ("name LIKE 'i%' AND tag.`mlflow.prompt.is_prompt` != 'true'", ["iris"]),
        ("tag.`mlflow.prompt.is_prompt` = 'true'", ["greeting"]),
    ],
)
def test_prompts_are_found_by_those_who_ask_for_them(api, filter_string, found):
    api.registered_models.create("iris")
    api.registered_models.create("greeting", [RegisteredModelTag("mlflow.prompt.is_prompt", "true")])
    assert names(api.registered_models.search(filter_string)) == found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"filter_string": "description = 'd'"}, "Invalid attribute key"),
        ({"filter_string": "attributes.name = 'd'"}, "Invalid entity type"),
        ({"filter_string": "name > 'd'"}, "cannot be used"),
        ({"order_by": ["description"]}, "Invalid attribute key"),
        ({"order_by": ["tags.k"]}, "cannot be ordered by a tag"),
        ({"order_by": ["name", "name DESC"]}, "duplicate"),
        ({"max_results": -1}, "max_results"),
        ({"max_results": 1001}, "max_results"),
        ({"page_token": "nonsense"}, "page token"),
    ],
)
def test_illegal_searches(api, arguments, says):
    with pytest.raises(InvalidInput, match=says):
        api.registered_models.search(**arguments)


def test_pages(api):
    for name in "edcba":
        api.registered_models.create(name)
    api.model_versions.create("c", "s3://b/x")
    for order_by in ([], ["name DESC"], ["timestamp DESC"], ["creation_timestamp"]):
        seen, token = [], None
        while True:
            page = api.registered_models.search(max_results=2, order_by=order_by, page_token=token)
            seen += names(page)
            token = page.token
            if token is None:
                break
        assert seen == names(api.registered_models.search(order_by=order_by))
        assert sorted(seen) == list("abcde")
    (found,) = api.registered_models.search("name = 'c'")
    assert found == api.registered_models.get("c")
