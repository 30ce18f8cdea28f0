"""What `pycore.protocols.LoggedModels` promises."""

from __future__ import annotations

import math

import pytest

from pycore.entities import (
    DatasetFilter,
    LoggedModelOrder,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
)
from pycore.errors import InvalidInput, NotFound

READY = LoggedModelStatus.READY
NOBODY = f"m-{'0' * 32}"


@pytest.fixture
def model(api, run):
    """A model that a run is about to write."""
    return api.logged_models.create(
        run.info.experiment_id,
        "tree",
        run.info.run_id,
        [LoggedModelTag("team", "red")],
        [LoggedModelParameter("depth", "3")],
        "classifier",
    )


def test_a_model_is_as_it_was_made(api, run, model):
    experiment = api.experiments.get(run.info.experiment_id)
    assert api.logged_models.get(model.model_id) == model
    assert (model.name, model.status, model.model_type) == ("tree", LoggedModelStatus.PENDING, "classifier")
    assert (model.source_run_id, model.tags, model.params) == (
        run.info.run_id,
        {"team": "red"},
        {"depth": "3"},
    )
    location = f"{experiment.artifact_location}/models/{model.model_id}/artifacts"
    assert model.artifact_location == location
    assert model.model_uri == f"models:/{model.model_id}"
    assert len(model.model_id) == 34


def test_a_model_without_a_name_gets_one(api, experiment):
    assert api.logged_models.create(experiment.experiment_id).name.count("-") == 2


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "50%", "it's", 'a"b'])
def test_a_name_that_breaks_a_uri_is_refused(api, experiment, name):
    with pytest.raises(InvalidInput, match="Invalid model name"):
        api.logged_models.create(experiment.experiment_id, name)


def test_a_model_needs_a_living_experiment(api, experiment):
    with pytest.raises(NotFound, match="No Experiment with id=999 exists"):
        api.logged_models.create("999")
    api.experiments.delete(experiment.experiment_id)
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        api.logged_models.create(experiment.experiment_id)


def test_a_model_is_finalized_tagged_and_deleted(api, model):
    assert api.logged_models.finalize(model.model_id, LoggedModelStatus.FAILED).status == "FAILED"
    assert api.logged_models.finalize(model.model_id, READY).status is READY
    api.logged_models.set_tags(model.model_id, [LoggedModelTag("team", "blue"), LoggedModelTag("a/b", "")])
    assert api.logged_models.get(model.model_id).tags == {"a/b": "", "team": "blue"}
    api.logged_models.delete_tag(model.model_id, "a/b")
    with pytest.raises(NotFound, match="No tag with name 'a/b'"):
        api.logged_models.delete_tag(model.model_id, "a/b")
    for _ in range(2):
        api.logged_models.delete(model.model_id)
    with pytest.raises(NotFound, match="Logged model with id="):
        api.logged_models.get(model.model_id)
    assert api.logged_models.search([model.experiment_id]) == []


def test_params_are_written_once(api, model):
    new = [LoggedModelParameter("depth", "3"), LoggedModelParameter("leaves", "9")]
    for _ in range(2):
        api.logged_models.log_params(model.model_id, new)
    with pytest.raises(InvalidInput, match="Changing param values is not allowed"):
        api.logged_models.log_params(model.model_id, [LoggedModelParameter("depth", "4")])
    assert api.logged_models.get(model.model_id).params == {"depth": "3", "leaves": "9"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda models: models.get(NOBODY),
        lambda models: models.finalize(NOBODY, READY),
        lambda models: models.delete(NOBODY),
        lambda models: models.set_tags(NOBODY, [LoggedModelTag("k", "v")]),
        lambda models: models.delete_tag(NOBODY, "k"),
        lambda models: models.log_params(NOBODY, [LoggedModelParameter("k", "v")]),
    ],
)
def test_an_unknown_model_is_not_found(api, ask):
    with pytest.raises(NotFound, match=f"Logged model with id={NOBODY} not found"):
        ask(api.logged_models)


def test_points_that_name_a_model_are_kept_with_it(api, run, model):
    run_id = run.info.run_id
    measured = Metric("acc", 0.5, 1, 1, model.model_id, "iris", "d1")
    api.runs.log_batch(run_id, [measured, Metric("acc", 0.6, 2, 2, model.model_id), Metric("loss", 1.0, 1)])
    api.runs.log_metric(run_id, measured)
    points = api.logged_models.get(model.model_id).metrics
    assert [(point.value, point.dataset_name, point.run_id) for point in points] == [
        (0.5, "iris", run_id),
        (0.6, None, run_id),
    ]
    assert api.runs.get(run_id).data.metrics == {"acc": 0.6, "loss": 1.0}


def test_a_point_of_an_unknown_model_stores_nothing(api, run):
    with pytest.raises(InvalidInput, match=f"Logged model with id={NOBODY} not found"):
        api.runs.log_metric(run.info.run_id, Metric("acc", 0.5, 1, 1, NOBODY))
    assert api.runs.get(run.info.run_id).data.metrics == {}


@pytest.fixture
def models(api, run):
    """Three models: `a` and `b` measured, `c` not."""
    for name, accuracy, other in (("a", 0.9, 0.1), ("b", 0.7, 0.8), ("c", None, None)):
        model = api.logged_models.create(
            run.info.experiment_id,
            name,
            run.info.run_id,
            [LoggedModelTag("kind", name.upper())],
            [LoggedModelParameter("depth", str(len(name)))],
        )
        if accuracy is not None:
            points = [
                Metric("acc", accuracy, 1, 2, model.model_id, "iris", "d1"),
                Metric("acc", other, 1, 1, model.model_id, "wine", "d9"),
            ]
            api.runs.log_batch(run.info.run_id, points)
        if name in "bc":
            api.logged_models.finalize(model.model_id, READY if name == "b" else LoggedModelStatus.FAILED)
    return run.info.experiment_id


def names(page):
    return [model.name for model in page]


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("", ["a", "b", "c"]),
        ("name IN ('a', 'c')", ["a", "c"]),
        ("metrics.acc > 0.8", ["a"]),
        ("metrics.acc > 0.5 AND params.depth = '1'", ["a", "b"]),
        ('tags.kind = "B"', ["b"]),
        ("attributes.status = 'READY'", ["b"]),
        ("status = 'LOGGED_MODEL_READY'", ["b"]),
        ("status IN ('1')", ["a"]),
        ("status = 'FAILED'", ["c"]),
        ("status = 'LOGGED_MODEL_UPLOAD_FAILED'", ["c"]),
        ("creation_timestamp_ms > 0 AND last_updated_time > 1e3", ["a", "b", "c"]),
        ("source_run_id = 'nobody'", []),
    ],
)
def test_models_are_found(api, models, filter_string, found):
    page = api.logged_models.search([models], filter_string, order_by=[LoggedModelOrder("name")])
    assert names(page) == found


def test_models_are_found_by_the_dataset_they_were_measured_on(api, models):
    def find(filter_string, *datasets):
        order = [LoggedModelOrder("name")]
        return names(api.logged_models.search([models], filter_string, datasets, order_by=order))

    assert find("", DatasetFilter("wine")) == ["a", "b"]
    assert find("", DatasetFilter("wine", "d1")) == []
    assert find("metrics.acc > 0.5", DatasetFilter("wine", "d9")) == ["b"]
    assert find("", DatasetFilter("beer"), DatasetFilter("iris", "d1")) == ["a", "b"]


def test_models_are_ordered_missing_ones_last(api, models):
    def order(*fields):
        return names(api.logged_models.search([models], order_by=fields))

    assert order(LoggedModelOrder("metrics.acc")) == ["b", "a", "c"]
    assert order(LoggedModelOrder("metrics.acc", ascending=False)) == ["a", "b", "c"]
    assert order(LoggedModelOrder("metrics.acc", True, DatasetFilter("wine"))) == ["a", "b", "c"]
    with pytest.raises(InvalidInput, match="Only a metric can be that on one dataset"):
        order(LoggedModelOrder("name", True, DatasetFilter("wine")))
    with pytest.raises(InvalidInput, match="cannot be ordered by a param"):
        order(LoggedModelOrder("params.depth"))


def test_pages_hold_every_model_once(api, models):
    order = [LoggedModelOrder("metrics.acc")]
    found, token = [], None
    while True:
        page = api.logged_models.search([models], max_results=1, order_by=order, page_token=token)
        found += names(page)
        token = page.token
        if token is None:
            break
    assert found == ["b", "a", "c"]
    first = api.logged_models.search([models], max_results=1)
    with pytest.raises(InvalidInput, match="page token"):
        api.logged_models.search([models], "name = 'a'", page_token=first.token)


@pytest.mark.parametrize(
    "filter_string", ["bogus = 'x'", "tag.kind = 'A'", "params.depth = 1", "metrics.acc = 'x'"]
)
def test_bad_filters_are_refused(api, models, filter_string):
    with pytest.raises(InvalidInput):
        api.logged_models.search([models], filter_string)


def test_no_experiment_has_no_models(api, models):
    assert api.logged_models.search([]) == []
    assert api.logged_models.search(["999"]) == []


def test_a_version_is_made_from_a_logged_model(api, model):
    api.registered_models.create("forest")
    source = f"models:/{model.model_id}"
    version = api.model_versions.create("forest", source, model_id=model.model_id)
    assert (version.source, version.run_id, version.model_id) == (source, model.source_run_id, model.model_id)
    assert api.model_versions.get("forest", "1").model_id == model.model_id
    assert api.model_versions.get_download_uri("forest", "1") == model.artifact_location
    inside = f"{model.artifact_location}/below"
    assert api.model_versions.create("forest", inside, model_id=model.model_id).source == inside
    with pytest.raises(InvalidInput, match="the request names the logged model"):
        api.model_versions.create("forest", source, model_id=NOBODY)
    with pytest.raises(NotFound, match="Logged model with id="):
        api.model_versions.create("forest", f"models:/{NOBODY}")


def test_points_of_an_interval_are_few_enough_to_draw(api, run):
    run_id = run.info.run_id
    api.runs.log_batch(run_id, [Metric("m", float(step), 1, step) for step in range(-2, 100)])
    other = api.runs.create(run.info.experiment_id).info.run_id
    api.runs.log_batch(other, [Metric("m", math.nan, 1, 3), Metric("m", 1.0, 1, 41)])

    def steps(*arguments, run_ids=(run_id,)):
        return [point.step for point in api.metrics.get_interval(run_ids, "m", *arguments)]

    assert steps() == list(range(100))
    assert steps(10, 12) == [10, 11, 12]
    assert steps(-2, 0) == [-2, -1, 0]
    assert steps(0, 99, 4) == [0, 25, 50, 75, 99]
    points = api.metrics.get_interval([other, run_id, "nobody"], "m", 0, 99, 4)
    assert [(point.run_id, point.step) for point in points[:2]] == [(other, 3), (other, 41)]
    assert [point.step for point in points[2:]] == [0, 3, 25, 41, 50, 75, 99]
    for wrong, message in (
        ((5, 1), "must not be greater"),
        ((5,), "both, or neither"),
        ((0, 9, 2501), "max_results"),
    ):
        with pytest.raises(InvalidInput, match=message):
            steps(*wrong)
    with pytest.raises(InvalidInput, match="Expected 1 to 100 run ids"):
        steps(run_ids=())
