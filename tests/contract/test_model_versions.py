"""What `pycore.protocols.ModelVersions` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pycore.entities import ModelVersionTag
from pycore.errors import Conflict, InvalidInput, NotFound


def numbers(page):
    return [int(version.version) for version in page]


@pytest.fixture
def model(api):
    """A registered model with three versions."""
    api.registered_models.create("iris")
    for number in range(3):
        api.model_versions.create("iris", f"s3://bucket/{number}")
    return api.registered_models.get("iris")


def test_what_was_created_is_read_back(api, run):
    api.registered_models.create("iris")
    created = api.model_versions.create(
        "iris",
        f"runs:/{run.info.run_id}/model",
        run.info.run_id,
        [ModelVersionTag("k", "1"), ModelVersionTag("k", "2")],
        "http://ci/job/1",
        "the first",
    )
    assert created == api.model_versions.get("iris", "1") == api.model_versions.get("iris", "01")
    assert (created.version, created.current_stage, created.status) == ("1", "None", "READY")
    assert created.version == 1
    assert (created.run_id, created.run_link) == (run.info.run_id, "http://ci/job/1")
    assert (created.tags, created.description, created.aliases) == ({"k": "2"}, "the first", ())
    assert created.creation_timestamp == created.last_updated_timestamp > 1_600_000_000_000
    assert api.model_versions.get_download_uri("iris", "1") == f"runs:/{run.info.run_id}/model"


def test_the_run_is_that_of_the_source(api, run):
    api.registered_models.create("iris")
    assert api.model_versions.create("iris", f"runs:/{run.info.run_id}/model").run_id == run.info.run_id
    assert api.model_versions.create("iris", "s3://bucket/model").run_id == ""


def test_unknown_things_are_not_found(api, model):
    tag = ModelVersionTag("k", "v")
    for name, version in (("iris", "9"), ("nope", "1"), ("iris", "-1"), ("iris", "0"), ("iris", "9" * 30)):
        for ask in (
            lambda n, v: api.model_versions.get(n, v),
            lambda n, v: api.model_versions.update(n, v, "d"),
            lambda n, v: api.model_versions.delete(n, v),
            lambda n, v: api.model_versions.transition_stage(n, v, "Staging"),
            lambda n, v: api.model_versions.set_tag(n, v, tag),
            lambda n, v: api.model_versions.delete_tag(n, v, "k"),
            lambda n, v: api.model_versions.get_download_uri(n, v),
        ):
            with pytest.raises(NotFound, match="not found"):
                ask(name, version)
    with pytest.raises(NotFound):
        api.model_versions.create("nope", "s3://b/x")


@pytest.mark.parametrize("version", ["one", "1.5", "1 "])
def test_a_version_is_a_whole_number(api, model, version):
    with pytest.raises(InvalidInput, match="version"):
        api.model_versions.get("iris", version)


def test_numbers_are_never_reused(api, model):
    api.model_versions.delete("iris", "3")
    with pytest.raises(NotFound):
        api.model_versions.get("iris", "3")
    with pytest.raises(NotFound):
        api.model_versions.delete("iris", "3")
    assert api.model_versions.create("iris", "s3://b/x").version == "4"


def test_concurrent_registrations_get_distinct_numbers_without_gaps(api):
    api.registered_models.create("iris")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: api.model_versions.create("iris", f"s3://b/{i}"), range(40)))
    assert sorted(numbers(made)) == list(range(1, 41))
    assert {version.source for version in made} == {f"s3://b/{i}" for i in range(40)}


def test_update_replaces_the_description(api, model):
    assert api.model_versions.update("iris", "1", "new").description == "new"
    assert api.model_versions.update("iris", "1", None).description is None


def test_stages_are_given_in_any_case(api, model):
    moved = api.model_versions.transition_stage("iris", "1", "pRODUCTION")
    assert moved.current_stage == "Production"
    assert moved == api.model_versions.get("iris", "1")
    assert api.model_versions.transition_stage("iris", "1", "Production").current_stage == "Production"
    assert api.model_versions.transition_stage("iris", "1", "none").current_stage == "None"


@pytest.mark.parametrize("stage", ["Production ", "Deleted_Internal", "live"])
def test_unknown_stages_are_refused(api, model, stage):
    with pytest.raises(InvalidInput, match="Invalid Model Version stage"):
        api.model_versions.transition_stage("iris", "1", stage)


def test_a_stage_may_hold_several_versions_until_they_are_archived(api, model):
    api.model_versions.transition_stage("iris", "1", "Production")
    api.model_versions.transition_stage("iris", "2", "Production")
    moved = api.model_versions.transition_stage("iris", "3", "Production", archive_existing_versions=True)
    found = {int(v.version): v for v in api.model_versions.search("name = 'iris'")}
    assert {n: v.current_stage for n, v in found.items()} == {1: "Archived", 2: "Archived", 3: "Production"}
    assert {v.last_updated_timestamp for v in found.values()} == {moved.last_updated_timestamp}


@pytest.mark.parametrize("stage", ["None", "Archived"])
def test_only_stages_in_use_archive_others(api, model, stage):
    with pytest.raises(InvalidInput, match="is not an Active stage"):
        api.model_versions.transition_stage("iris", "1", stage, archive_existing_versions=True)


def test_a_refused_transition_archives_nothing(api, model):
    api.model_versions.transition_stage("iris", "1", "Staging")
    with pytest.raises(NotFound):
        api.model_versions.transition_stage("iris", "9", "Staging", archive_existing_versions=True)
    assert api.model_versions.get("iris", "1").current_stage == "Staging"


@pytest.mark.parametrize("stage", ["Staging", "Production"])
def test_a_version_in_use_is_not_deleted(api, model, stage):
    api.model_versions.transition_stage("iris", "2", stage)
    with pytest.raises(Conflict, match=f"Version 2 .*{stage}.*Archived"):
        api.model_versions.delete("iris", "2")
    assert api.model_versions.get("iris", "2").current_stage == stage


def test_aliases_go_with_their_version(api, model):
    api.registered_models.set_alias("iris", "champion", "2")
    api.model_versions.delete("iris", "2")
    assert api.registered_models.get("iris").aliases == {}
    with pytest.raises(InvalidInput, match="alias champion not found"):
        api.model_versions.get_by_alias("iris", "champion")


def test_latest_is_the_highest_version(api, model):
    api.model_versions.transition_stage("iris", "1", "Production")
    for alias in ("latest", "LATEST"):
        assert api.model_versions.get_by_alias("iris", alias).version == "3"
    api.registered_models.create("empty")
    with pytest.raises(NotFound):
        api.model_versions.get_by_alias("empty", "latest")
    with pytest.raises(NotFound):
        api.model_versions.get_by_alias("nope", "champion")


def test_tags(api, model):
    api.model_versions.set_tag("iris", "1", ModelVersionTag("k", "1"))
    api.model_versions.set_tag("iris", "1", ModelVersionTag("k", ""))
    assert api.model_versions.get("iris", "1").tags == {"k": ""}
    assert api.model_versions.get("iris", "2").tags == {}
    with pytest.raises(InvalidInput):
        api.model_versions.set_tag("iris", "1", ModelVersionTag("a,b", ""))
    for _ in range(2):
        api.model_versions.delete_tag("iris", "1", "k")
    assert api.model_versions.get("iris", "1").tags == {}


@pytest.mark.parametrize("source", ["models:/iris/2", "models:/iris/Staging", "models:/iris@champion"])
def test_a_version_of_another_model_is_resolved_when_it_is_copied(api, model, source):
    api.model_versions.transition_stage("iris", "2", "Staging")
    api.registered_models.set_alias("iris", "champion", "2")
    api.registered_models.create("copy")
    copied = api.model_versions.create("copy", source)
    assert copied.source == "models:/iris/2"
    api.registered_models.rename("iris", "renamed")
    assert api.model_versions.get_download_uri("copy", "1") == "s3://bucket/1"
    again = api.model_versions.create("copy", "models:/copy/latest")
    assert again.source == "models:/copy/1"
    assert api.model_versions.get_download_uri("copy", "2") == "s3://bucket/1"


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "etc",
        "file:///etc",
        "file://other/share",
        "s3://bucket/../other",
        "s3://bucket/%252e%252e/other",
        "http://169.254.169.254/latest",
        "ftp://host/model",
        "mlflow-artifacts://evil.example/1/model",
        "runs://host/x",
        "models://host/iris/1",
        "models:/iris/1/deeper",
        "models:/",
        "",
    ],
)
def test_sources_that_reach_elsewhere_are_refused(api, model, source):
    with pytest.raises(InvalidInput, match="source"):
        api.model_versions.create("iris", source)
    assert len(api.model_versions.search("name = 'iris'")) == 3
    assert api.model_versions.create("iris", "s3://b/x").version == "4"


def test_a_source_must_fit_its_run(api, model, run):
    with pytest.raises(InvalidInput, match="Invalid model version source"):
        api.model_versions.create("iris", f"runs:/{'0' * 32}/model", run.info.run_id)
    for missing in ("models:/nope/1", "models:/iris/9", "models:/iris/Staging"):
        with pytest.raises(NotFound):
            api.model_versions.create("iris", missing)


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("name = 'iris'", [("iris", 2), ("iris", 1)]),
        ("name = 'iris' AND version_number >= 2", [("iris", 2)]),
        ("version_number = '1'", [("iris", 1), ("other", 1)]),
        ("name LIKE 'o%'", [("other", 1)]),
        ("name IN ('iris', 'x')", [("iris", 2), ("iris", 1)]),
        ("source_path LIKE 's3://%'", [("iris", 2)]),
        ("tags.k = 'v'", [("iris", 2)]),
        ("tags.k IS NULL", [("iris", 1), ("other", 1)]),
        ("name = 'iris' and tags.k != 'v'", []),
        ("version_number > 99999999999999999999", []),
    ],
)
def test_search(api, run, filter_string, found):
    for name in ("iris", "other"):
        api.registered_models.create(name)
        api.model_versions.create(name, f"runs:/{run.info.run_id}/model")
    api.model_versions.create("iris", "s3://bucket/x", tags=[ModelVersionTag("k", "v")])
    page = api.model_versions.search(filter_string, order_by=["name", "version_number DESC"])
    assert [(v.name, int(v.version)) for v in page] == found


def test_search_by_run(api, run):
    api.registered_models.create("iris")
    api.model_versions.create("iris", f"runs:/{run.info.run_id}/model")
    api.model_versions.create("iris", "s3://bucket/x")
    assert numbers(api.model_versions.search(f"run_id = '{run.info.run_id}'")) == [1]
    assert numbers(api.model_versions.search(f"run_id IN ('{run.info.run_id}')")) == [1]
    assert numbers(api.model_versions.search("run_id = ''")) == [2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"filter_string": "version = 1"}, "Invalid attribute key 'version'"),
        ({"filter_string": "version_number = 1.5"}, "a whole number"),
        ({"filter_string": "current_stage = 'None'"}, "Invalid attribute key"),
        ({"filter_string": "name = 'a' OR name = 'b'"}, "Invalid clause"),
        ({"order_by": ["version"]}, "Invalid attribute key"),
        ({"max_results": -1}, "max_results"),
        ({"max_results": 200_001}, "max_results"),
        ({"page_token": "nonsense"}, "page token"),
    ],
)
def test_illegal_searches(api, arguments, says):
    with pytest.raises(InvalidInput, match=says):
        api.model_versions.search(**arguments)


def test_pages_hold_every_version_once(api):
    for name in ("a", "b"):
        api.registered_models.create(name)
        for i in range(4):
            api.model_versions.create(name, f"s3://b/{i}", tags=[ModelVersionTag("i", str(i))])
    for order_by in ([], ["name"], ["version_number DESC"], ["creation_timestamp", "name DESC"]):
        seen, token = [], None
        while True:
            page = api.model_versions.search(max_results=3, order_by=order_by, page_token=token)
            seen += page
            token = page.token
            if token is None:
                break
        assert seen == api.model_versions.search(order_by=order_by)
        assert len({(v.name, v.version) for v in seen}) == 8
        assert all(v.tags == {"i": str(int(v.version) - 1)} for v in seen)


def test_a_version_of_a_model_beside_its_run_lies_where_the_model_does(api, run):
    api.registered_models.create("beside")
    source = f"runs:/{run.info.run_id}/tree"
    assert api.model_versions.create("beside", source).model_id == ""
    for _ in range(2):
        model = api.logged_models.create(run.info.experiment_id, "tree", run.info.run_id)
    made = api.model_versions.create("beside", source)
    assert (made.source, made.run_id, made.model_id) == (source, run.info.run_id, model.model_id)
    assert api.model_versions.get_download_uri("beside", "1") == source
    assert api.model_versions.get_download_uri("beside", "2") == model.artifact_location
