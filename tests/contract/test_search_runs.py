"""What a search of runs finds, in which order, on which page."""

from __future__ import annotations

import math
import random

import pytest

from pycore.entities import Metric, Param, RunStatus, RunTag, ViewType
from pycore.errors import InvalidInput


@pytest.fixture
def runs(api, experiment):
    """Names of four runs by their ids; `bare` logged nothing."""

    def create(name, start_time, metrics=(), params=(), tags=()):
        run = api.runs.create(experiment.experiment_id, run_name=name, start_time=start_time, user_id="ada")
        api.runs.log_batch(run.info.run_id, metrics, params, tags)
        return run.info.run_id

    ids = {
        "good": create(
            "good",
            1000,
            [Metric("acc", 0.5, 1), Metric("acc", 0.9, 2), Metric("my metric", 1.0, 1)],
            [Param("model", "CNN"), Param("lr", "0.1"), Param("q", "it's")],
            [RunTag("env", "prod"), RunTag("empty", "")],
        ),
        "poor": create(
            "poor",
            2000,
            [Metric("acc", 0.1, 1), Metric("big", math.inf, 1)],
            [Param("model", "cnn"), Param("lr", "0.10")],
            [RunTag("env", "dev"), RunTag("note", "50%_off")],
        ),
        "strange": create(
            "strange",
            3000,
            [Metric("acc", math.nan, 1), Metric("big", -math.inf, 1)],
            [Param("model", "größe")],
            [RunTag("env", "prod")],
        ),
        "bare": create("bare", 4000),
    }
    api.runs.update(ids["good"], RunStatus.FINISHED, 5000)
    api.runs.update(ids["poor"], RunStatus.FAILED, 1)
    return ids


def find(api, experiment, filter_string="", order_by=("run_name",), **arguments):
    page = api.runs.search([experiment.experiment_id], filter_string, order_by=order_by, **arguments)
    return [run.info.run_name for run in page]


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("", ["bare", "good", "poor", "strange"]),
        ("  ", ["bare", "good", "poor", "strange"]),
        ("metrics.acc > 0.6", ["good"]),
        ("metrics.acc = 0.5", []),
        ("metrics.acc=0.9", ["good"]),
        ('metric.acc >= .1 and params.model = "CNN"', ["good"]),
        ("metrics.acc < 1", ["good", "poor"]),
        ("metrics.acc <= 0.1 AND metrics.acc >= 0.1", ["poor"]),
        ("metrics.acc != 0.9", ["poor", "strange"]),
        ("metrics.acc != 0", ["good", "poor", "strange"]),
        ("metrics.`my metric` = 1", ["good"]),
        ('metrics."my metric" > 0', ["good"]),
        ("metrics.big > 1e308", ["poor"]),
        ("metrics.big < -1e308", ["strange"]),
        ("metrics.none != 1", []),
        ("params.lr = '0.1'", ["good"]),
        ("params.model ILIKE 'c__'", ["good", "poor"]),
        ("params.model LIKE 'c%'", ["poor"]),
        ("params.model LIKE 'C%N'", ["good"]),
        ("params.model ILIKE 'GRÖ%'", ["strange"]),
        ("params.model LIKE '%'", ["good", "poor", "strange"]),
        ("params.model LIKE ''", []),
        ("params.model IS NULL", ["bare"]),
        ("params.lr IS NOT NULL", ["good", "poor"]),
        ("params.none != 'x'", []),
        ('params.q = "it\'s"', ["good"]),
        ("params.q = 'it''s'", ["good"]),
        ("tags.env = 'prod'", ["good", "strange"]),
        ("tags.env != 'prod'", ["poor"]),
        ("tags.env LIKE 'p%' AND tags.env LIKE '%d'", ["good", "strange"]),
        ("tags.empty = ''", ["good"]),
        ("tags.note LIKE '50%'", ["poor"]),
        ("tags.note LIKE '%*%'", []),
        ("tags.note LIKE '[5]%'", []),
        (r"tags.note LIKE '50\%%'", []),
        ("tags.mlflow.runName = 'good'", ["good"]),
        ("attributes.status = 'FINISHED'", ["good"]),
        ("status = 'finished'", []),
        ("status ILIKE 'finished'", ["good"]),
        ("run_name LIKE '%o%' AND status = 'FAILED'", ["poor"]),
        ("`Run Name` = 'good'", ["good"]),
        ("user_id = 'ada'", ["bare", "good", "poor", "strange"]),
        ("start_time > 2000", ["bare", "strange"]),
        ("created <= 1e3", ["good"]),
        ("start_time < 1e300", ["bare", "good", "poor", "strange"]),
        ("start_time < 99999999999999999999999", ["bare", "good", "poor", "strange"]),
        ("end_time != 1", ["good"]),
        ("run.end_time < 6000", ["good", "poor"]),
        ("artifact_uri LIKE '%/artifacts'", ["bare", "good", "poor", "strange"]),
        ("run_id IN ('0', '1')", []),
    ],
)
def test_filters(api, experiment, runs, filter_string, found):
    assert find(api, experiment, filter_string) == found


def test_filters_by_run_id(api, experiment, runs):
    ids = f"'{runs['good']}', '{runs['poor']}'"
    assert find(api, experiment, f"run_id IN ({ids})") == ["good", "poor"]
    assert find(api, experiment, f"run_id NOT IN ({ids})") == ["bare", "strange"]
    assert find(api, experiment, f"attr.run_id = '{runs['bare']}'") == ["bare"]
    assert find(api, experiment, f"run_id IN ('{runs['bare'].upper()}')") == []


@pytest.mark.parametrize(
    "filter_string",
    [
        "metrics.my metric = 1",
        "metrics.acc = NaN",
        "metrics.acc > '0.6'",
        "metrics.acc LIKE '1'",
        "metrics.x IS NULL",
        "params.lr = 0.1",
        "params.lr > '0.05'",
        "params.lr IN ('0.1')",
        "tags.env = 'prod' OR tags.env = 'dev'",
        "(tags.env = 'prod')",
        "NOT tags.env = 'prod'",
        "tags.env == 'prod'",
        "attributes.status IN ('FINISHED')",
        "start_time > '1700000000000'",
        "runs.status = 'FINISHED'",
        "lifecycle_stage = 'active'",
        "experiment_id = '1'",
        "METRICS.acc > 1",
        "'prod' = tags.env",
        "tags.env = 'prod'; DROP TABLE runs",
        "tags.env = `prod`",
        "run_id IN ()",
        "run_id IN (a)",
    ],
)
def test_illegal_filters(api, experiment, filter_string):
    with pytest.raises(InvalidInput, match="at character"):
        find(api, experiment, filter_string)


@pytest.mark.parametrize(
    ("order_by", "found"),
    [
        ([], ["bare", "strange", "poor", "good"]),
        (["start_time"], ["good", "poor", "strange", "bare"]),
        (["Created desc"], ["bare", "strange", "poor", "good"]),
        (["metrics.acc"], ["poor", "good", "strange", "bare"]),
        (["metrics.acc DESC"], ["good", "poor", "strange", "bare"]),
        (["metrics.big"], ["strange", "poor", "bare", "good"]),
        (["metrics.big DESC"], ["poor", "strange", "bare", "good"]),
        (["params.lr"], ["good", "poor", "bare", "strange"]),
        (["params.lr DESC"], ["poor", "good", "bare", "strange"]),
        (["tags.env", "metrics.acc DESC"], ["poor", "good", "strange", "bare"]),
        (["tags.env DESC", "params.model DESC"], ["strange", "good", "poor", "bare"]),
        (["end_time"], ["poor", "good", "bare", "strange"]),
        (["end_time DESC"], ["good", "poor", "bare", "strange"]),
        (["user_id", "end_time DESC"], ["good", "poor", "bare", "strange"]),
        (["attributes.status DESC", "run_name"], ["bare", "strange", "good", "poor"]),
        (["metrics.`never logged`"], ["bare", "strange", "poor", "good"]),
    ],
)
def test_orders(api, experiment, runs, order_by, found):
    assert find(api, experiment, order_by=order_by) == found


@pytest.mark.parametrize(
    ("order_by", "says"),
    [
        (["start_time, run_id"], "got ','"),
        (["start_time NULLS LAST"], "got 'NULLS'"),
        (["foo"], "Invalid attribute key 'foo'"),
        (["Start_Time"], "Invalid attribute key"),
        ([""], "got the end"),
        (["`Run Name`"], "Invalid attribute key"),
        (["metrics.a", "metric.a DESC"], "contains duplicate fields"),
    ],
)
def test_illegal_orders(api, experiment, order_by, says):
    with pytest.raises(InvalidInput, match=says):
        find(api, experiment, order_by=order_by)


def test_views(api, experiment, runs):
    api.runs.delete(runs["good"])
    assert find(api, experiment) == ["bare", "poor", "strange"]
    assert find(api, experiment, view_type=ViewType.DELETED_ONLY) == ["good"]
    assert find(api, experiment, view_type=ViewType.ALL) == ["bare", "good", "poor", "strange"]
    assert find(api, experiment, "metrics.acc > 0.6") == []


def test_only_the_experiments_asked_for(api, experiment, runs):
    other = api.experiments.create("other")
    api.runs.create(other, run_name="elsewhere", start_time=1)
    both = api.runs.search([experiment.experiment_id, other, "12345"], order_by=["run_name"])
    assert [run.info.run_name for run in both] == ["bare", "elsewhere", "good", "poor", "strange"]
    assert len(api.runs.search([experiment.experiment_id, other], "metrics.acc > 0.6")) == 1
    assert api.runs.search([]) == []
    assert api.runs.search(["12345", "99999999999999999999"]) == []
    with pytest.raises(InvalidInput, match="experiment id"):
        api.runs.search(["iris"])


def test_what_is_found_is_whole(api, experiment, runs):
    for run in api.runs.search([experiment.experiment_id]):
        assert repr(run) == repr(api.runs.get(run.info.run_id))


@pytest.mark.parametrize("max_results", [-1, 50_001])
def test_page_sizes_have_limits(api, experiment, max_results):
    with pytest.raises(InvalidInput, match="max_results"):
        api.runs.search([experiment.experiment_id], max_results=max_results)


ORDERS = [
    [],
    ["metrics.m"],
    ["metrics.m DESC"],
    ["params.p DESC"],
    ["tags.t", "metrics.m DESC"],
    ["end_time DESC", "metrics.m"],
    ["status", "params.p", "start_time"],
]


@pytest.mark.parametrize("order_by", ORDERS)
@pytest.mark.parametrize("size", [1, 4, 7])
def test_pages_hold_every_run_once_and_in_order(api, experiment, order_by, size):
    chance = random.Random(7)
    for i in range(14):
        run_id = api.runs.create(experiment.experiment_id, start_time=i % 3, run_name=f"r{i}").info.run_id
        value = chance.choice([None, math.nan, math.inf, -math.inf, 0.0, 0.5, 0.5])
        text = chance.choice([None, "", "a", "b" * 200, "b" * 200 + "c"])
        api.runs.log_batch(
            run_id,
            [] if value is None else [Metric("m", value, 1)],
            [] if text is None else [Param("p", text)],
            [] if text is None or i % 2 else [RunTag("t", text)],
        )
        if i % 4 == 0:
            api.runs.update(run_id, RunStatus.FINISHED, i % 8)
    whole = api.runs.search([experiment.experiment_id], order_by=order_by)
    assert len(whole) == 14
    assert whole.token is None
    seen, token = [], None
    while True:
        page = api.runs.search(
            [experiment.experiment_id], max_results=size, order_by=order_by, page_token=token
        )
        seen += page
        token = page.token
        if token is None:
            break
        assert len(page) == size
    assert [run.info.run_id for run in seen] == [run.info.run_id for run in whole]


def test_paging_neither_repeats_nor_skips_while_runs_are_added(api, experiment):
    for i in range(6):
        api.runs.create(experiment.experiment_id, start_time=i, run_name=f"old{i}")
    first = api.runs.search([experiment.experiment_id], max_results=3)
    api.runs.create(experiment.experiment_id, start_time=99, run_name="new")
    second = api.runs.search([experiment.experiment_id], max_results=3, page_token=first.token)
    names = [run.info.run_name for run in (*first, *second)]
    assert names == ["old5", "old4", "old3", "old2", "old1", "old0"]
    assert second.token is None


def test_a_token_continues_its_own_search_only(api, experiment, runs):
    ids = [experiment.experiment_id]
    token = api.runs.search(ids, max_results=1, order_by=["run_name"]).token
    for arguments in (
        {"order_by": ["run_name DESC"]},
        {"order_by": ["run_name"], "filter_string": "status = 'FINISHED'"},
        {"order_by": ["run_name"], "view_type": ViewType.ALL},
    ):
        with pytest.raises(InvalidInput, match="page token"):
            api.runs.search(ids, max_results=1, page_token=token, **arguments)
    for forged in ("x", "????", token[:-2], token[:-1] + ("A" if token[-1] != "A" else "B"), "A" * 40):
        with pytest.raises(InvalidInput, match="page token"):
            api.runs.search(ids, max_results=1, order_by=["run_name"], page_token=forged)
