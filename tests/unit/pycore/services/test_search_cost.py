"""A page costs a fixed number of statements, and they use the indexes."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from pycore.entities import Metric, Param, RunTag
from pycore.store import prepared, search_sql


class _Noted:
    """A driver's connection that notes what it is told to run."""

    def __init__(self, driver, sent):
        self._driver = driver
        self._sent = sent

    def execute(self, statement, parameters):
        self._sent.append((statement, parameters))
        return self._driver.execute(statement, parameters)

    def executemany(self, statement, rows):
        self._sent.append((statement, rows))
        return self._driver.executemany(statement, rows)


@pytest.fixture
def statements(database, monkeypatch):
    """The statements sent to the database, by SQLAlchemy or directly."""
    sent = []
    driver_of = prepared.driver_of
    monkeypatch.setattr(prepared, "driver_of", lambda connection: _Noted(driver_of(connection), sent))

    def note(connection, cursor, statement, parameters, context, executemany):
        sent.append((statement, parameters))

    for engine in (database.engine, database.writing_engine):
        event.listen(engine, "before_cursor_execute", note)
    return sent


def fill(api, count):
    for i in range(count):
        run_id = api.runs.create("0", start_time=i).info.run_id
        api.runs.log_batch(
            run_id,
            [Metric("a", i / count, 1), Metric("b", -float(i), 1)],
            [Param("p", str(i % 5)), Param("q", "x")],
            [RunTag("t", f"n{i}")],
        )


@pytest.mark.parametrize("count", [10, 1000])
def test_reading_a_page_takes_four_statements(api, statements, count):
    fill(api, count)
    statements.clear()
    assert len(api.runs.search(["0"], max_results=count)) == count
    assert len(statements) == 4


def test_searching_models_takes_as_many_statements_as_kinds_of_parts(api, statements):
    for i in range(30):
        api.registered_models.create(f"m{i}")
        api.model_versions.create(f"m{i}", "s3://b/x")
    statements.clear()
    assert len(api.registered_models.search()) == 30
    assert len(statements) == 5


def test_one_request_is_one_transaction_of_few_statements(api, statements):
    fill(api, 1)
    (run,) = api.runs.search(["0"])
    statements.clear()
    api.runs.log_metric(run.info.run_id, Metric("a", 1.0, 2))
    assert len(statements) == 3
    statements.clear()
    api.runs.log_batch(
        run.info.run_id,
        [Metric(f"m{i}", 1.0, i) for i in range(100)],
        [Param(f"p{i}", "1") for i in range(100)],
        [RunTag(f"t{i}", "1") for i in range(100)],
    )
    assert len(statements) == 6


@pytest.mark.parametrize(
    ("filter_string", "order_by", "index"),
    [
        (
            "",
            ["metrics.a DESC"],
            "sorted USING COVERING INDEX ix_latest_metrics_value (experiment_id=? AND key=?",
        ),
        ("", ["metrics.a"], "sorted USING COVERING INDEX ix_latest_metrics_value (experiment_id=? AND key=?"),
        ("", ["params.p"], "sorted USING INDEX ix_params_value (experiment_id=? AND key=?"),
        ("", [], "runs USING INDEX ix_runs_newest (experiment_id=? AND lifecycle_stage=?"),
        ("metrics.a = 2", [], "filtered_0 USING COVERING INDEX ix_latest_metrics_value (experiment_id=?"),
        (
            "params.p = '7'",
            [],
            "filtered_0 USING INDEX ix_params_value (experiment_id=? AND key=? AND value_head=?",
        ),
        (
            "tags.t LIKE 'none%'",
            [],
            "filtered_0 USING INDEX ix_tags_value (experiment_id=? AND key=? AND value_head>?",
        ),
    ],
)
def test_a_search_reads_an_index(api, database, statements, filter_string, order_by, index):
    fill(api, 20)
    statements.clear()
    page = api.runs.search(["0"], filter_string, max_results=2, order_by=order_by)
    if page.token:
        api.runs.search(["0"], filter_string, max_results=2, order_by=order_by, page_token=page.token)
    pages = [sent for sent in statements if "sort_0" in sent[0]]
    assert len(pages) == (2 if page.token else 1)
    for statement, parameters in pages:
        with database.reading() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        steps = [row[-1] for row in plan]
        assert any(index in step for step in steps), steps
        assert not any(step.startswith("SCAN") for step in steps), steps


def test_deleted_rows_of_an_experiment_are_not_read(api, database):
    fill(api, 3)
    with database.reading() as connection:
        columns = [row[2] for row in connection.execute(text("PRAGMA index_info(ix_runs_newest)"))]
    assert columns == ["experiment_id", "lifecycle_stage", "start_time"]


@pytest.mark.parametrize(
    ("filter_string", "order_by", "outermost"),
    [
        ("metrics.a > 0.1", ["metrics.b DESC"], "SEARCH sorted USING COVERING INDEX"),
        ("metrics.a > 0.1", [], "SEARCH runs USING INDEX ix_runs_newest"),
        ("params.q = 'x'", ["metrics.b"], "SEARCH sorted USING COVERING INDEX"),
        ("metrics.b < -3", ["metrics.b"], "SEARCH sorted USING COVERING INDEX"),
        ("metrics.a > 0.9", ["metrics.b DESC"], "SEARCH filtered_0 USING COVERING INDEX"),
    ],
)
def test_what_most_runs_fulfil_is_tested_along_the_order(
    api, database, statements, filter_string, order_by, outermost
):
    fill(api, 40)
    statements.clear()
    assert api.runs.search(["0"], filter_string, max_results=3, order_by=order_by)
    statement, parameters = next(sent for sent in statements if "sort_0" in sent[0])
    with database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert plan[0][-1].startswith(outermost), plan


@pytest.mark.parametrize("order_by", [[], ["metrics.b"], ["metrics.a DESC"], ["params.p", "metrics.b"]])
@pytest.mark.parametrize(
    "filter_string",
    [
        "metrics.a > 0.2",
        "metrics.a > 0.2 AND metrics.a <= 0.8",
        "metrics.a != 0.5 AND params.p = '3'",
        "tags.t LIKE 'n%' AND metrics.b < -1 AND params.q = 'x'",
        "params.p != '2' AND metrics.none > 0",
    ],
)
def test_both_ways_find_the_same(api, monkeypatch, filter_string, order_by):
    fill(api, 40)
    for i in range(5):
        api.runs.create("0", start_time=100 + i)
    found = []
    for many in (1, 1000):
        monkeypatch.setattr(search_sql, "_many", lambda things, limit, many=many: many)
        page = api.runs.search(["0"], filter_string, max_results=7, order_by=order_by)
        ids = [run.info.run_id for run in page]
        while page.token:
            page = api.runs.search(
                ["0"], filter_string, max_results=7, order_by=order_by, page_token=page.token
            )
            ids += [run.info.run_id for run in page]
        found.append(ids)
    assert found[0] == found[1]
    assert len(set(found[0])) == len(found[0])
