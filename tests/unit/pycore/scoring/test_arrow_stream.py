"""Arrow streams: every type arrives as the column it is, and goes back as it came."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.columns import Array, Column, Json, Table
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.scoring.arrow_stream import read_arrow, write_arrow
from pycore.scoring.content_type import ARROW
from pycore.scoring.scorer import Scorer


def stream(*tables):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


def table(**columns):
    return stream(pa.table(columns))


UTC = datetime.timezone.utc
COLUMNS = [
    ("double", pa.array([1.1, None, float("inf")])),
    ("double", pa.array([1.5, 2.5], pa.float32())),
    ("integer", pa.array([1, None], pa.int32())),
    ("integer", pa.array([1, 200], pa.uint8())),
    ("long", pa.array([1, 2**62])),
    ("long", pa.array([2**32 - 1], pa.uint32())),
    ("logical", pa.array([True, None, False])),
    ("text", pa.array(["a", None, "\u00e9", "a"])),
    ("text", pa.array(["a"], pa.large_string())),
    ("factor", pa.array(["b", "a", None, "b"]).dictionary_encode()),
    ("date", pa.array([datetime.date(2024, 1, 2), None])),
    ("datetime", pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, UTC), None])),
]


@pytest.mark.parametrize(("kind", "array"), COLUMNS, ids=lambda part: str(getattr(part, "type", part)))
def test_every_type_is_read(kind, array):
    column = read_arrow(table(x=array), None).columns["x"]
    assert column.kind == kind
    values = [v.isoformat() if hasattr(v, "isoformat") else v for v in array.to_pylist()]
    found = [v.replace("Z", "000+00:00") if kind == "datetime" and v else v for v in column.to_list()]
    assert found == values


@pytest.mark.parametrize(("kind", "array"), COLUMNS, ids=lambda part: str(getattr(part, "type", part)))
def test_what_is_written_reads_back(kind, array):
    read = read_arrow(table(x=array), None)
    again = read_arrow(write_arrow(read), None)
    assert again.columns["x"].kind == kind
    assert again.columns["x"].to_list() == read.columns["x"].to_list()
    assert again.columns["x"].levels == read.columns["x"].levels


def test_doubles_keep_their_bits():
    values = np.random.default_rng(1).integers(0, 2**63, 1000).view(np.float64)
    values = values[np.isfinite(values)]
    read = read_arrow(table(x=pa.array(values)), None).columns["x"].data
    assert read.tobytes() == values.tobytes()


def test_the_batches_of_a_stream_are_joined_whatever_their_dictionaries():
    first = pa.table({"x": pa.array(["a", "b"]).dictionary_encode()})
    second = pa.table({"x": pa.array(["c", "a"]).dictionary_encode()})
    assert read_arrow(stream(first, second), None).columns["x"].to_list() == ["a", "b", "c", "a"]


def test_columns_are_held_to_the_signature():
    schema = Schema(
        [ColSpec("double", "d"), ColSpec("long", "l"), ColSpec("string", "s"), ColSpec("integer", "o", False)]
    )
    body = table(l=pa.array([1], pa.int8()), more=pa.array([1]), s=["x"], d=pa.array([3]))
    read = read_arrow(body, schema)
    assert {name: column.kind for name, column in read.columns.items()} == {
        "d": "double",
        "l": "long",
        "s": "text",
    }
    assert read.records() == [{"d": 3.0, "l": 1, "s": "x"}]


def test_all_faults_are_told_together():
    schema = Schema([ColSpec("double", "d"), ColSpec("integer", "i"), ColSpec("long", "gone")])
    with pytest.raises(SignatureMismatch) as refused:
        read_arrow(table(d=["x"], i=[2**40]), schema)
    for part in ("'d', row 1: expected a number, got 'x'", "'i', row 1", "missing column 'gone'"):
        assert part in refused.value.message


def test_nulls_of_no_type_and_no_rows():
    assert read_arrow(table(x=pa.nulls(2)), None).columns["x"].to_list() == [None, None]
    assert read_arrow(table(x=pa.array([], pa.int32())), None).n_rows == 0
    assert read_arrow(stream(pa.table({"x": pa.chunked_array([], pa.string())})), None).n_rows == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not an Arrow"),
        (b"{}", "not an Arrow"),
        (table(x=list(range(1000)))[:-500], "not an Arrow"),
        (table(x=[[1], [2]]), "list<.*no model takes"),
        (table(x=[b"bytes"]), "binary"),
        (table(x=pa.array([1, 2]).dictionary_encode()), "other things than texts"),
        (stream(pa.Table.from_arrays([pa.array([1])] * 2, ["x", "x"])), "twice"),
        (table(x=pa.array([2**60], pa.timestamp("s"))), "outside 1678"),
    ],
    ids=["nothing", "JSON", "cut short", "lists", "bytes", "dictionary of numbers", "one name", "far time"],
)
def test_what_is_no_table_for_a_model(body, says):
    with pytest.raises(InvalidInput, match=says):
        read_arrow(body, None)


def test_results_of_every_shape():
    def written(block):
        return pa.ipc.open_stream(write_arrow(block)).read_all().to_pydict()

    assert written(Column.of_texts(["a", None])) == {"predictions": ["a", None]}
    assert written(Array(np.array([1.5, 2.5]))) == {"predictions": [1.5, 2.5]}
    assert written(Array(np.array([[1, 2], [3, 4]]))) == {"0": [1, 3], "1": [2, 4]}
    assert written(Table({"p": Column.of_texts(["x"])}, 1)) == {"p": ["x"]}
    assert write_arrow(Json("1")) is None
    assert write_arrow(Array(np.zeros((1, 2, 3)))) is None


def test_the_accept_header_chooses_the_reply():
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    scorer = Scorer(signature, lambda block, params: block.columns["a"])
    body = table(a=[1.5, 2.5])
    assert scorer.score(body, ARROW).body == b'{"predictions": [1.5, 2.5]}'
    reply = scorer.score(b'{"inputs": {"a": [1.5]}}', None, ARROW)
    assert reply.content_type == ARROW
    assert pa.ipc.open_stream(reply.body).read_all().to_pydict() == {"predictions": [1.5]}
    empty = scorer.score(b'{"inputs": {"a": []}}', None, ARROW)
    assert pa.ipc.open_stream(empty.body).read_all().to_pydict() == {"predictions": []}
    assert Scorer(signature, lambda *_: Json("{}")).score(body, ARROW, ARROW).body == b'{"predictions": {}}'
