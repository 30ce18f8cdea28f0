"""Filters: text in, tree or error out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.search import (
    EXPERIMENTS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Clause,
    Comparator,
    Entity,
    Field,
    parse_filter,
)

C = Comparator


def clause(entity, key, comparator, value=None):
    return Clause(Field(Entity(entity), key), Comparator(comparator), value)


@pytest.mark.parametrize("text", [None, "", "  ", "\n\t"])
def test_a_blank_filter_has_no_clauses(text):
    assert parse_filter(text, RUNS) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.acc > 0.6", clause("metric", "acc", ">", 0.6)),
        ("metric.acc>=.5", clause("metric", "acc", ">=", 0.5)),
        ("metrics.a = 1", clause("metric", "a", "=", 1)),
        ("metrics.a = -1.5e0", clause("metric", "a", "=", -1.5)),
        ("metrics.a\n!=\t1E-1", clause("metric", "a", "!=", 0.1)),
        ("metrics.`my metric` < 1.", clause("metric", "my metric", "<", 1.0)),
        ('metrics."a/b" < 1', clause("metric", "a/b", "<", 1)),
        ("metrics.'a b' < 1", clause("metric", "a b", "<", 1)),
        ("param.a.b.c = 'x'", clause("param", "a.b.c", "=", "x")),
        ("parameter.2x = 'x'", clause("param", "2x", "=", "x")),
        ("parameters.order = 'x'", clause("param", "order", "=", "x")),
        ("params.like LIKE 'x'", clause("param", "like", "LIKE", "x")),
        ("params.größe ilike 'x'", clause("param", "größe", "ILIKE", "x")),
        ("tags.mlflow.runName = 'x'", clause("tag", "mlflow.runName", "=", "x")),
        ("`tags`.env = 'x'", clause("tag", "env", "=", "x")),
        ("`tags`.`e v` = 'x'", clause("tag", "e v", "=", "x")),
        ("\"tags\".'e`v' = 'x'", clause("tag", "e`v", "=", "x")),
        ("tag.`1` is null", clause("tag", "1", "IS NULL")),
        ("tag.a IS  not NULL", clause("tag", "a", "IS NOT NULL")),
        ('params.q = "it\'s"', clause("param", "q", "=", "it's")),
        ("params.q = 'it''s'", clause("param", "q", "=", "it's")),
        ("params.q = ''", clause("param", "q", "=", "")),
        (r"params.q = 'a\b'", clause("param", "q", "=", r"a\b")),
        ("status = 'FINISHED'", clause("attribute", "status", "=", "FINISHED")),
        ("`status` = 'FINISHED'", clause("attribute", "status", "=", "FINISHED")),
        ("attr.status = 'x'", clause("attribute", "status", "=", "x")),
        ("run.status = 'x'", clause("attribute", "status", "=", "x")),
        ("attributes.created > 1e3", clause("attribute", "start_time", ">", 1000.0)),
        ("Created > 5", clause("attribute", "start_time", ">", 5)),
        ("`Run name` = 'x'", clause("attribute", "run_name", "=", "x")),
        ("run_id in ('a','b')", clause("attribute", "run_id", "IN", ("a", "b"))),
        ('run_id NOT  IN ("a")', clause("attribute", "run_id", "NOT IN", ("a",))),
        ("start_time < " + "9" * 5000, clause("attribute", "start_time", "<", float("inf"))),
    ],
)
def test_clauses_of_runs(text, expected):
    assert parse_filter(text, RUNS) == (expected,)


def test_clauses_are_joined_by_and_in_any_case():
    text = "metrics.a > 1 AND params.b = 'x and y' and status = 'OR' And tags.and = 'and'"
    assert [c.field.key for c in parse_filter(text, RUNS)] == ["a", "b", "status", "and"]


@pytest.mark.parametrize(
    ("text", "says", "character"),
    [
        ("metrics.my metric = 1", "expected one of the comparators", 12),
        ("metrics.1 > 0", "other keys in backticks", 1),
        ("metrics.a-b > 0", "- is not expected", 10),
        ("metrics. > 0", "other keys in backticks", 1),
        ("metrics.acc", "got the end of the text", 12),
        ("metrics.acc >", "expected a number without quotes, got the end", 14),
        ("metrics.acc > '0.6'", "expected a number without quotes", 15),
        ("metrics.acc = NaN", "expected a number without quotes", 15),
        ("metrics.acc = +1", "+ is not expected", 15),
        ("metrics.acc = 0x1", "expected a number", 15),
        ("metrics.acc = 1 metrics.b = 1", "expected AND", 17),
        ("metrics.acc LIKE 'x'", "LIKE cannot be used with metric 'acc'", 13),
        ("metrics.acc IS NULL", "only supported for tags and params", 13),
        ("end_time IS NOT NULL", "only supported for tags and params", 10),
        ("METRICS.x > 1", "Invalid entity type 'METRICS'", 1),
        ("runs.status = 'x'", "Invalid entity type 'runs'", 1),
        ("data.name = 'x'", "Invalid entity type 'data'", 1),
        ("lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage'", 1),
        ("run_uuid = 'x'", "Invalid attribute key 'run_uuid'", 1),
        ("acc > 1", "user_id, and by metrics.acc or params.acc or tags.acc", 1),
        ("`my acc` > 1", "and by metrics.`my acc` or params.`my acc`", 1),
        ("status IN ('x')", "IN cannot be used with attribute 'status'", 8),
        ("run_id IN ()", "expected a text in quotes", 12),
        ("run_id IN ('a' 'b')", "expected , or )", 16),
        ("run_id IN 'a'", "expected a list", 11),
        ("run_id IN ('a',", "got the end", 16),
        ("run_id NOT LIKE 'a'", "expected one of the comparators", 8),
        ("params.lr = 0.1", "expected a text in quotes", 13),
        ("params.lr = `x`", "expected a text in quotes", 13),
        ("params.lr RLIKE 'x'", "expected one of the comparators", 11),
        ("params.lr BETWEEN 'x'", "expected one of the comparators", 11),
        ("params.lr <> 'x'", "< cannot be used with param 'lr'", 11),
        ("params.lr IS 'x'", "expected NULL", 14),
        ("tags.env == 'x'", "expected a text in quotes", 11),
        ("tags.env = 'x' OR tags.env = 'y'", "expected AND", 16),
        ("NOT tags.env = 'x'", "Invalid attribute key 'NOT'", 1),
        ("(tags.env = 'x')", "expected the name of a metric", 1),
        ("tags.env = 'x' AND", "got the end of the text", 19),
        ("AND tags.env = 'x'", "Invalid attribute key 'AND'", 1),
        ("tags.env = 'x", "' is never closed", 12),
        ("tags.`env = 'x'", "` is never closed", 6),
        ("tags.env = 'x'; --", "; is not expected", 15),
        ("`tags`. = 'x'", "expected a key after the dot", 9),
        ("'prod' = tags.env", "Invalid attribute key 'prod'", 1),
    ],
)
def test_errors_of_runs_say_where(text, says, character):
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text, RUNS)
    assert "Invalid clause(s) in filter string" in caught.value.message
    assert says in caught.value.message
    assert f"at character {character}." in caught.value.message


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (EXPERIMENTS, "name like 'e%'", clause("attribute", "name", "LIKE", "e%")),
        (EXPERIMENTS, "attribute.name = 'x'", clause("attribute", "name", "=", "x")),
        (EXPERIMENTS, "creation_time > 1", clause("attribute", "creation_time", ">", 1)),
        (EXPERIMENTS, "tags.a IS NULL", clause("tag", "a", "IS NULL")),
        (REGISTERED_MODELS, "name IN ('a')", clause("attribute", "name", "IN", ("a",))),
        (REGISTERED_MODELS, "tag.a != 'b'", clause("tag", "a", "!=", "b")),
        (MODEL_VERSIONS, "version_number >= 2", clause("attribute", "version_number", ">=", 2)),
        (MODEL_VERSIONS, "version_number = '2'", clause("attribute", "version_number", "=", 2)),
        (MODEL_VERSIONS, "source_path LIKE 's3%'", clause("attribute", "source_path", "LIKE", "s3%")),
    ],
)
def test_clauses_of_other_kinds(kind, text, expected):
    assert parse_filter(text, kind) == (expected,)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (EXPERIMENTS, "attributes.name = 'x'", "Invalid entity type"),
        (EXPERIMENTS, "metrics.a > 1", "Invalid entity type"),
        (EXPERIMENTS, "creation_time > 1e3", "a whole number"),
        (EXPERIMENTS, "experiment_id LIKE '1'", "cannot be used"),
        (REGISTERED_MODELS, "description = 'd'", "Invalid attribute key"),
        (REGISTERED_MODELS, "name > 'a'", "cannot be used"),
        (MODEL_VERSIONS, "version = 1", "Invalid attribute key"),
        (MODEL_VERSIONS, "version_number = 1.5", "a whole number"),
        (MODEL_VERSIONS, "version_number = 'one'", "a whole number"),
        (MODEL_VERSIONS, "version_number LIKE '1'", "cannot be used"),
    ],
)
def test_errors_of_other_kinds(kind, text, says):
    with pytest.raises(InvalidInput, match=says):
        parse_filter(text, kind)


keys = st.text(st.characters(exclude_characters="`"), min_size=1, max_size=20)
values = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def clauses(draw):
    """A clause of runs and its text."""
    entity = draw(st.sampled_from([Entity.METRIC, Entity.PARAM, Entity.TAG]))
    allowed = RUNS.keyed[entity].comparators
    comparator = draw(st.sampled_from([c for c in Comparator if c in allowed]))
    key = draw(keys)
    left = f"{entity.value}s.`{key}` {comparator.value}"
    if comparator in (C.IS_NULL, C.IS_NOT_NULL):
        return Clause(Field(entity, key), comparator, None), left
    if entity is Entity.METRIC:
        value = draw(numbers)
        return Clause(Field(entity, key), comparator, value), f"{left} {value!r}"
    text = draw(values)
    quoted = "'" + text.replace("'", "''") + "'"
    return Clause(Field(entity, key), comparator, text), f"{left} {quoted}"


@given(st.lists(clauses(), max_size=4))
def test_what_is_written_is_read(pairs):
    text = " AND ".join(text for _, text in pairs)
    assert parse_filter(text, RUNS) == tuple(clause for clause, _ in pairs)


@given(st.text(st.sampled_from("metrics.param tagslike'\"`()=<>!,10.5e-AND \n;")))
def test_any_text_is_a_filter_or_our_error(text):
    try:
        parse_filter(text, RUNS)
    except InvalidInput as error:
        assert "at character" in error.message  # noqa: PT017  # either outcome is right
