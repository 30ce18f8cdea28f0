from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycore.entities import RunStatus, RunTag, ViewType
from pycore.errors import InvalidInput
from pycore.wire.encoding import dumps
from pycore.wire.request import Arguments


def fields(**values: object) -> Arguments:
    return Arguments.from_body(dumps(values))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (3, 3),
        ("3", 3),
        ("-3", -3),
        ("1e+05", 100_000),
        ("1.7e+12", 1_700_000_000_000),
        (1e5, 100_000),
        ("2.0", 2),
        (2**62, 2**62),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_integers_in_every_spelling_of_clients(sent, read):
    assert fields(step=sent).integer("step") == read


@pytest.mark.parametrize(
    "sent", [1.5, "1.5", "abc", "", True, [1], {}, "1_0", "٣", 1e300, "9" * 20, "1e9999", "nan"]
)
def test_what_is_no_integer_of_64_bits_is_refused(sent):
    with pytest.raises(InvalidInput, match=r"parameter 'step'"):
        fields(step=sent).integer("step")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (0.5, 0.5),
        (1, 1.0),
        (True, 1.0),
        ("0.333333333333333", 0.333333333333333),
        ("1e400", math.inf),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("-inf", -math.inf),
    ],
)
def test_numbers_in_every_spelling_of_clients(sent, read):
    assert fields(value=sent).number("value") == read


@pytest.mark.parametrize("spelling", ['"NaN"', '"nan"', "NaN"])
def test_nan_in_every_spelling(spelling):
    assert math.isnan(Arguments.from_body(f'{{"value": {spelling}}}'.encode()).number("value"))


@pytest.mark.parametrize(("text", "read"), [("Infinity", math.inf), ("-Infinity", -math.inf)])
def test_bare_infinities(text, read):
    assert Arguments.from_body(f'{{"value": {text}}}'.encode()).number("value") == read


@pytest.mark.parametrize("sent", ["abc", "0x1", "1_0", [1.0], {"a": 1}, "", "١"])
def test_what_is_no_number_is_refused(sent):
    with pytest.raises(InvalidInput, match=r"parameter 'value'"):
        fields(value=sent).number("value")


def test_an_integer_beyond_every_double_is_refused():
    body = b'{"nan": NaN, "value": 1' + b"0" * 400 + b"}"
    with pytest.raises(InvalidInput, match="range of a double"):
        Arguments.from_body(body).number("value")


@pytest.mark.parametrize(
    ("sent", "read"),
    [("TRUE", True), ("true", True), (True, True), (1, True), ("FALSE", False), (False, False), (0, False)],
)
def test_truth_in_every_spelling_of_clients(sent, read):
    assert fields(archive=sent).truth("archive") is read


@pytest.mark.parametrize("sent", ["yes", "1", 2, [], " "])
def test_what_is_no_truth_value_is_refused(sent):
    with pytest.raises(InvalidInput, match="expected true or false"):
        fields(archive=sent).truth("archive")


@pytest.mark.parametrize("sent", ["FINISHED", "finished", 3, "3", "3.0"])
def test_choices_by_name_in_any_case_and_by_number(sent):
    assert fields(status=sent).choice("status", RunStatus) is RunStatus.FINISHED


@pytest.mark.parametrize("sent", ["DONE", 9, "9", 1.5, [], True])
def test_an_unknown_choice_is_refused_with_those_that_exist(sent):
    with pytest.raises(InvalidInput, match="RUNNING, SCHEDULED, FINISHED, FAILED, KILLED"):
        fields(status=sent).choice("status", RunStatus)


@pytest.mark.parametrize(("sent", "read"), [("7", "7"), (7, "7"), (7.0, "7"), ("abc", "abc")])
def test_identifiers_may_come_as_numbers(sent, read):
    assert fields(experiment_id=sent).identifier("experiment_id") == read
    assert fields(experiment_ids=[sent]).identifiers("experiment_ids") == [read]


@pytest.mark.parametrize("sent", [5, True, ["a"], {"a": "b"}, 0.5])
def test_a_text_is_never_made_of_something_else(sent):
    with pytest.raises(InvalidInput, match=r"parameter 'value': expected a string"):
        fields(value=sent).text("value")


@pytest.mark.parametrize("sent", [{}, {"name": None}, {"name": ""}])
def test_a_required_field_that_is_missing_is_named(sent):
    with pytest.raises(InvalidInput, match=r"^Missing value for required parameter 'name'"):
        fields(**sent).text("name")


def test_null_means_absent_and_an_empty_text_is_a_value():
    arguments = fields(a=None, b="")
    assert arguments.text("a", "default") == "default"
    assert arguments.text("b", "default") == ""
    assert arguments.integer("a", 7) == 7
    assert arguments.texts("a") == []


@pytest.mark.parametrize("sent", [{"run_id": "r"}, {"run_uuid": "r"}, {"run_id": "r", "run_uuid": "r"}])
def test_a_run_is_named_by_either_field(sent):
    assert fields(**sent).run_id() == "r"


def test_a_missing_run_is_asked_for_by_its_present_name():
    with pytest.raises(InvalidInput, match="'run_id'"):
        fields().run_id()


def test_items_name_their_place():
    arguments = fields(metrics=[{"key": "a"}, {"value": 1}])
    assert arguments.items("metrics")[0].text("key") == "a"
    with pytest.raises(InvalidInput, match=r"'metrics\[1\]\.key'"):
        arguments.items("metrics")[1].text("key")


@pytest.mark.parametrize("sent", ["a", {"a": 1}, 3])
def test_a_list_must_be_a_list(sent):
    with pytest.raises(InvalidInput, match="expected a list"):
        fields(tags=sent).items("tags")
    with pytest.raises(InvalidInput, match="expected a list"):
        fields(order_by=sent).texts("order_by")


def test_an_item_must_be_an_object():
    with pytest.raises(InvalidInput, match=r"'tags\[1\]': expected an object"):
        fields(tags=[{"key": "a"}, "b"]).items("tags")


def test_pairs_without_a_value_have_an_empty_one():
    tags = fields(tags=[{"key": "a"}, {"key": "b", "value": "1"}]).pairs("tags", RunTag)
    assert tags == [RunTag("a", ""), RunTag("b", "1")]


def test_a_query_has_texts_and_repeats_names_for_lists():
    query = Arguments.from_query({"max_results": ["1e1"], "stages": ["A", "B"], "view_type": ["2"]})
    assert query.integer("max_results") == 10
    assert query.texts("stages") == ["A", "B"]
    assert query.choice("view_type", ViewType) is ViewType.DELETED_ONLY
    assert query.text("absent", None) is None


def test_a_body_may_be_empty_or_json_within_json():
    assert Arguments.from_body(b"  ").text("a", None) is None
    assert Arguments.from_body(dumps('{"a": "b"}')).text("a") == "b"


@pytest.mark.parametrize(
    "body", [b"{bad", b"[1]", b"3", b"null", b'"text"', b'"[1]"', b"\xff", b'{"a": "\\ud800"}']
)
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(InvalidInput):
        Arguments.from_body(body)


def test_half_a_surrogate_pair_is_refused_beside_a_bare_nan_too():
    with pytest.raises(InvalidInput, match="not JSON"):
        Arguments.from_body(b'{"a": "\\ud800", "b": NaN}')


def test_a_body_nested_too_deeply_is_refused():
    with pytest.raises(InvalidInput, match="not JSON"):
        Arguments.from_body(b'{"a": NaN, "b": ' + b"[" * 100_000)


def test_messages_do_not_repeat_a_long_value():
    with pytest.raises(InvalidInput) as caught:
        fields(step="x" * 10_000).integer("step")
    assert len(caught.value.message) < 300


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_integer_survives_as_number_and_as_text(number):
    assert fields(step=number).integer("step") == number
    assert fields(step=str(number)).integer("step") == number


@given(st.floats(allow_nan=False))
def test_every_double_survives_as_text(number):
    assert fields(value=repr(number)).number("value") == number


def refusal(read) -> str | None:
    try:
        read("f")
    except InvalidInput as error:
        return error.message
    return None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(json_values)
def test_no_value_breaks_a_reader(value):
    arguments = Arguments({"f": value})
    readers = (
        arguments.text,
        arguments.identifier,
        arguments.integer,
        arguments.number,
        arguments.truth,
        arguments.texts,
        arguments.items,
        lambda name: arguments.choice(name, RunStatus),
    )
    for read in readers:
        message = refusal(read)
        assert message is None or "'f" in message
