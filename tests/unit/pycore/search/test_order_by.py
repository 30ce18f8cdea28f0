"""Orders: list in, fields or error out."""

from __future__ import annotations

import pytest

from pycore.errors import InvalidInput
from pycore.search import EXPERIMENTS, MODEL_VERSIONS, REGISTERED_MODELS, RUNS, Entity, parse_order_by


def texts(order):
    return [f"{s.field.entity.value}.{s.field.key} {'ASC' if s.ascending else 'DESC'}" for s in order]


def attributes(order):
    return [text.removeprefix("attribute.") for text in texts(order)]


@pytest.mark.parametrize(
    ("kind", "entries", "expected"),
    [
        (RUNS, [], ["start_time DESC", "run_id ASC"]),
        (RUNS, ["status"], ["status ASC", "start_time DESC", "run_id ASC"]),
        (RUNS, ["Created asc"], ["start_time ASC", "run_id ASC"]),
        (RUNS, ["attr.run_id Desc"], ["run_id DESC", "start_time DESC"]),
        (EXPERIMENTS, [], ["creation_time DESC", "experiment_id ASC"]),
        (EXPERIMENTS, ["name"], ["name ASC", "experiment_id DESC"]),
        (REGISTERED_MODELS, [], ["name ASC"]),
        (REGISTERED_MODELS, ["timestamp DESC"], ["last_updated_timestamp DESC", "name ASC"]),
        (REGISTERED_MODELS, ["name DESC"], ["name DESC"]),
        (MODEL_VERSIONS, [], ["last_updated_timestamp DESC", "name ASC", "version_number DESC"]),
        (MODEL_VERSIONS, ["version_number"], ["version_number ASC", "name ASC"]),
    ],
)
def test_orders_end_in_something_unique(kind, entries, expected):
    assert attributes(parse_order_by(entries, kind)) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("metrics.acc DESC", "metric.acc DESC"),
        ("metric.`a b`", "metric.a b ASC"),
        ("parameters.lr", "param.lr ASC"),
        ("tags.'x'", "tag.x ASC"),
        ("metrics.desc desc", "metric.desc DESC"),
    ],
)
def test_runs_are_ordered_by_what_they_logged(entry, expected):
    assert texts(parse_order_by([entry], RUNS))[0] == expected


@pytest.mark.parametrize(
    ("kind", "entries", "says"),
    [
        (RUNS, ["start_time, run_id"], "expected one field and ASC, DESC or nothing, got ','"),
        (RUNS, ["start_time NULLS LAST"], "got 'NULLS'"),
        (RUNS, ["start_time ASC DESC"], "got 'DESC'"),
        (RUNS, ["FOO"], "Invalid attribute key 'FOO'"),
        (
            RUNS,
            ["acc DESC"],
            "run_name, start_time, status, user_id, and by metrics.acc or params.acc or tags.acc",
        ),
        (RUNS, ["Start_Time"], "Invalid attribute key 'Start_Time'"),
        (RUNS, ["`run name`"], "Invalid attribute key 'run name'"),
        (RUNS, ["experiment_id"], "Invalid attribute key"),
        (RUNS, [""], "got the end of the text"),
        (RUNS, ["metrics.a", "metric.`a` DESC"], "contains duplicate fields"),
        (RUNS, ["created", "start_time"], "contains duplicate fields"),
        (EXPERIMENTS, ["tags.a"], "experiments cannot be ordered by a tag"),
        (REGISTERED_MODELS, ["description"], "Invalid attribute key"),
        (MODEL_VERSIONS, ["version"], "Invalid attribute key"),
    ],
)
def test_errors(kind, entries, says):
    with pytest.raises(InvalidInput) as caught:
        parse_order_by(entries, kind)
    assert says in caught.value.message


@pytest.mark.parametrize("kind", [RUNS, EXPERIMENTS, REGISTERED_MODELS, MODEL_VERSIONS])
def test_every_sortable_attribute_can_be_named(kind):
    for name, attribute in kind.sortable.items():
        first = parse_order_by([f"`{name}` DESC"], kind)[0]
        assert (first.field.entity, first.field.key, first.ascending) == (Entity.ATTRIBUTE, attribute, False)
