"""What `pycore.protocols.Experiments` promises."""

from __future__ import annotations

import pytest

from pycore.entities import ExperimentTag, ViewType
from pycore.errors import AlreadyExists, InvalidInput, NotFound


def names(page):
    return [experiment.name for experiment in page]


def test_an_empty_platform_has_the_default_experiment(api):
    default = api.experiments.get("0")
    assert (default.name, default.lifecycle_stage) == ("Default", "active")
    assert default.artifact_location.endswith("/0")
    assert names(api.experiments.search()) == ["Default"]


def test_create_returns_a_small_ascending_id(api):
    first = api.experiments.create("a")
    second = api.experiments.create("b")
    assert (first, second) == ("1", "2")


def test_what_was_created_is_read_back(api):
    tags = [ExperimentTag("team", "red"), ExperimentTag("team", "blue"), ExperimentTag("empty", "")]
    experiment_id = api.experiments.create("a/b 'c' é", "s3://bucket/folder", tags)
    experiment = api.experiments.get(experiment_id)
    assert experiment == api.experiments.get_by_name("a/b 'c' é")
    assert experiment.experiment_id == experiment_id
    assert experiment.artifact_location == "s3://bucket/folder"
    assert experiment.tags == {"team": "blue", "empty": ""}
    assert experiment.creation_time == experiment.last_update_time > 1_600_000_000_000


def test_a_location_is_made_when_none_is_given(api):
    experiment_id = api.experiments.create("a")
    location = api.experiments.get(experiment_id).artifact_location
    assert location == api.experiments.get("0").artifact_location[: -len("0")] + experiment_id


def test_a_plain_path_becomes_an_absolute_location(api):
    experiment_id = api.experiments.create("a", "some/folder")
    location = api.experiments.get(experiment_id).artifact_location
    assert location.startswith("/")
    assert location.endswith("/some/folder")


@pytest.mark.parametrize(
    "location",
    [
        "s3://bucket/../other",
        "s3://bucket/%2e%2e/other",
        "../folder",
        "s3://bucket/a#b",
        "s3://bucket/a;b",
        "runs:/0123/model",
        "s3://bucket/" + "a" * 2048,
    ],
)
def test_locations_that_reach_elsewhere_are_refused(api, location):
    with pytest.raises(InvalidInput, match="artifact location"):
        api.experiments.create("a", location)
    with pytest.raises(NotFound):
        api.experiments.get_by_name("a")


def test_a_name_is_unique_also_among_deleted_experiments(api):
    experiment_id = api.experiments.create("a")
    with pytest.raises(AlreadyExists, match="already exists"):
        api.experiments.create("a")
    api.experiments.delete(experiment_id)
    with pytest.raises(AlreadyExists, match=r"already exists.*restore"):
        api.experiments.create("a")
    assert api.experiments.create("A") != experiment_id


@pytest.mark.parametrize("name", ["", "n" * 501])
def test_illegal_names_are_refused(api, name):
    with pytest.raises(InvalidInput, match="name"):
        api.experiments.create(name)


@pytest.mark.parametrize(
    ("tag", "says"), [(ExperimentTag("a,b", ""), "a,b"), (ExperimentTag("k" * 251, ""), "250")]
)
def test_a_bad_tag_leaves_no_experiment_behind(api, tag, says):
    with pytest.raises(InvalidInput, match=says):
        api.experiments.create("a", tags=[tag])
    with pytest.raises(NotFound, match="Could not find experiment with name 'a'"):
        api.experiments.get_by_name("a")


@pytest.mark.parametrize("unknown", ["77", "99999999999999999999999"])
def test_unknown_experiments_are_not_found(api, unknown):
    for ask in (api.experiments.get, api.experiments.delete, api.experiments.restore):
        with pytest.raises(NotFound, match=f"No Experiment with id={unknown} exists"):
            ask(unknown)
    with pytest.raises(NotFound, match=f"No Experiment with id={unknown} exists"):
        api.experiments.rename(unknown, "b")
    with pytest.raises(NotFound):
        api.experiments.set_tag(unknown, ExperimentTag("k", "v"))


@pytest.mark.parametrize("malformed", ["abc", "1.5", "1 "])
def test_an_id_is_a_whole_number(api, malformed):
    with pytest.raises(InvalidInput, match="experiment id"):
        api.experiments.get(malformed)


def test_rename(api, experiment):
    api.experiments.rename(experiment.experiment_id, "new")
    assert api.experiments.get_by_name("new").experiment_id == experiment.experiment_id
    api.experiments.rename(experiment.experiment_id, "new")
    with pytest.raises(AlreadyExists, match="already exists"):
        api.experiments.rename(experiment.experiment_id, "Default")


def test_delete_and_restore_take_the_runs_along(api, experiment):
    experiment_id = experiment.experiment_id
    run_id = api.runs.create(experiment_id).info.run_id
    api.experiments.delete(experiment_id)
    assert api.experiments.get(experiment_id).lifecycle_stage == "deleted"
    assert api.runs.get(run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(NotFound):
        api.experiments.delete(experiment_id)
    api.experiments.restore(experiment_id)
    assert api.experiments.get(experiment_id).lifecycle_stage == "active"
    assert api.runs.get(run_id).info.lifecycle_stage == "active"
    with pytest.raises(NotFound):
        api.experiments.restore(experiment_id)


def test_a_deleted_experiment_is_not_written_to(api, experiment):
    experiment_id = experiment.experiment_id
    api.experiments.set_tag(experiment_id, ExperimentTag("k", "v"))
    api.experiments.delete(experiment_id)
    for write in (
        lambda: api.runs.create(experiment_id),
        lambda: api.experiments.rename(experiment_id, "b"),
        lambda: api.experiments.set_tag(experiment_id, ExperimentTag("k", "w")),
        lambda: api.experiments.delete_tag(experiment_id, "k"),
    ):
        with pytest.raises(InvalidInput, match="must be in the 'active' state"):
            write()
    assert api.experiments.get(experiment_id).tags == {"k": "v"}


def test_the_default_experiment_is_deleted_like_any_other(api):
    api.experiments.delete("0")
    with pytest.raises(InvalidInput):
        api.runs.create("0")
    api.experiments.restore("0")
    assert api.runs.create("0").info.experiment_id == "0"


def test_tags_are_replaced_and_removed(api, experiment):
    experiment_id = experiment.experiment_id
    api.experiments.set_tag(experiment_id, ExperimentTag("a.b/c", "1"))
    api.experiments.set_tag(experiment_id, ExperimentTag("a.b/c", "2"))
    assert api.experiments.get(experiment_id).tags == {"a.b/c": "2"}
    assert api.experiments.get(experiment_id).last_update_time == experiment.last_update_time
    api.experiments.delete_tag(experiment_id, "a.b/c")
    assert api.experiments.get(experiment_id).tags == {}
    with pytest.raises(NotFound):
        api.experiments.delete_tag(experiment_id, "a.b/c")


def test_a_long_tag_value_is_kept_or_refused_never_cut(api, experiment):
    experiment_id = experiment.experiment_id
    api.experiments.set_tag(experiment_id, ExperimentTag("k", "v" * 20_000))
    with pytest.raises(InvalidInput, match="20000"):
        api.experiments.set_tag(experiment_id, ExperimentTag("k", "v" * 20_001))
    assert api.experiments.get(experiment_id).tags == {"k": "v" * 20_000}


def test_search_by_view(api):
    kept, gone = api.experiments.create("kept"), api.experiments.create("gone")
    api.experiments.delete(gone)
    assert set(names(api.experiments.search())) == {"Default", "kept"}
    assert names(api.experiments.search(ViewType.DELETED_ONLY)) == ["gone"]
    assert len(api.experiments.search(ViewType.ALL)) == 3
    assert kept != gone


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("name = 'alpha'", ["alpha"]),
        ("name != 'alpha'", ["Beta", "Default", "gamma"]),
        ("name LIKE '%a'", ["Beta", "alpha", "gamma"]),
        ("name LIKE 'b%'", []),
        ("attribute.name ILIKE 'b%'", ["Beta"]),
        ("tags.team = 'red'", ["alpha", "gamma"]),
        ("tags.team != 'red'", ["Beta"]),
        ("tags.team IS NULL", ["Default"]),
        ("tag.team is not null and tags.size = '1'", ["gamma"]),
        ("experiment_id IN ('1', '3')", ["alpha", "gamma"]),
        ("experiment_id != '0'", ["Beta", "alpha", "gamma"]),
        ("experiment_id = 'one'", []),
        ("creation_time > 0", ["Beta", "Default", "alpha", "gamma"]),
        ("last_update_time < 0", []),
    ],
)
def test_search_by_filter(api, filter_string, found):
    api.experiments.create("alpha", tags=[ExperimentTag("team", "red")])
    api.experiments.create("Beta", tags=[ExperimentTag("team", "blue")])
    api.experiments.create("gamma", tags=[ExperimentTag("team", "red"), ExperimentTag("size", "1")])
    page = api.experiments.search(filter_string=filter_string, order_by=["name"])
    assert names(page) == found


def test_pages_hold_every_experiment_once(api):
    for i in range(7):
        api.experiments.create(f"e{i}")
    for order_by in ([], ["name DESC"], ["last_update_time"], ["experiment_id ASC"]):
        seen, token = [], None
        while True:
            page = api.experiments.search(max_results=4, order_by=order_by, page_token=token)
            seen += names(page)
            token = page.token
            if not token:
                break
        assert sorted(seen) == ["Default", *(f"e{i}" for i in range(7))]
    assert api.experiments.search(max_results=8).token is None


@pytest.mark.parametrize("max_results", [-1, 50_001])
def test_page_sizes_have_limits(api, max_results):
    with pytest.raises(InvalidInput, match="max_results"):
        api.experiments.search(max_results=max_results)


def test_a_token_of_another_search_is_refused(api, experiment):
    token = api.experiments.search(max_results=1).token
    assert token
    for arguments in ({"filter_string": "name != 'x'"}, {"order_by": ["name"]}, {"view_type": ViewType.ALL}):
        with pytest.raises(InvalidInput, match="page token"):
            api.experiments.search(max_results=1, page_token=token, **arguments)
    with pytest.raises(InvalidInput, match="page token"):
        api.experiments.search(page_token="bm90IG91cnM")


def test_a_bad_filter_says_where(api):
    with pytest.raises(InvalidInput, match="character 6"):
        api.experiments.search(filter_string="name ~ 'x'")
